import { entityStatus, type EntityPage } from "@skein/protocol";
import type { RecordQuery } from "@skein/store";
import { z } from "zod";
import type { ServerContext } from "../context.ts";
import { parseRequest } from "../http/body.ts";
import type { EntityRecord } from "../records/collections.ts";
import { directoryOffset } from "./directory.ts";
import { toEntity } from "./entity.ts";

export const entityFilter = z.strictObject({
  type: z.string().optional(),
  status: entityStatus.optional(),
  parent: z.string().optional(),
  /** `name=value` */
  tag: z
    .string()
    .regex(/^[^=]+=/, "is not name=value")
    .optional(),
  after: z.string().max(1024).optional(),
  limit: z.coerce.number().int().min(1).max(1000).default(100),
});
export type EntityFilter = z.output<typeof entityFilter>;

/** Records read at most for one page: beyond that a page is short, and `next` goes on. */
const MAX_SCAN = 2000;

/** A page of entities, oldest first, by the index that the filters allow; the rest of them is applied to its rows. */
export async function listEntities({ store }: ServerContext, filter: EntityFilter): Promise<EntityPage> {
  const offset = await directoryOffset(store);
  const found: EntityRecord[] = [];
  let after = filter.after;
  let scanned = 0;
  for (;;) {
    const limit = Math.min(filter.limit - found.length, MAX_SCAN - scanned);
    const page = await store.queryRecords<EntityRecord>({ ...indexFor(filter), ...(after && { after }), limit });
    scanned += page.records.length;
    found.push(...page.records.map(({ value }) => value).filter((record) => matches(record, filter)));
    after = page.next;
    if (after === undefined || found.length >= filter.limit || scanned >= MAX_SCAN) break;
  }
  return { entities: found.map(toEntity), ...(after !== undefined && { next: after }), offset };
}

type IndexQuery = Pick<RecordQuery, "collection" | "index" | "equals">;

export function indexFor({ type, status, parent, tag }: EntityFilter): IndexQuery {
  const collection = "entities";
  if (parent !== undefined) return { collection, index: "byParent", equals: [parent] };
  if (tag !== undefined) return { collection, index: "byTag", equals: [tag] };
  if (type !== undefined && status !== undefined)
    return { collection, index: "byTypeAndStatus", equals: [type, status] };
  if (type !== undefined) return { collection, index: "byType", equals: [type] };
  if (status !== undefined) return { collection, index: "byStatus", equals: [status] };
  return { collection, index: "byCreated" };
}

export function matches(record: EntityRecord, { type, status, parent, tag }: EntityFilter): boolean {
  if (type !== undefined && record.type !== type) return false;
  if (status !== undefined && record.status !== status) return false;
  if (parent !== undefined && record.parent !== parent) return false;
  if (tag === undefined) return true;
  const cut = tag.indexOf("=");
  return record.tags[tag.slice(0, cut)] === tag.slice(cut + 1);
}

/** Reads query parameters; those that are not known are refused, so that a misspelt filter does not list everything. */
export function parseQuery<T extends z.ZodType>(schema: T, params: URLSearchParams): z.output<T> {
  return parseRequest(schema, Object.fromEntries(params), "query");
}
