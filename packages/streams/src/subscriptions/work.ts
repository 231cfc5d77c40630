import { formatOffset } from "@skein/protocol";
import type { Store, StoredRecord, StreamInfo } from "@skein/store";
import { covers } from "./covered.ts";
import { nameOf } from "./names.ts";
import {
  ackedOf,
  pairId,
  type LinkRecord,
  type MarkRecord,
  type SubscriptionRecord,
  type UnitRecord,
} from "./records.ts";

/** A stream with something behind the acknowledged position. */
export interface WorkItem {
  readonly path: string;
  readonly acked: number;
  readonly stream: StreamInfo;
  readonly link: StoredRecord<LinkRecord> | undefined;
  readonly mark: StoredRecord<MarkRecord> | undefined;
}

/** On the wire. */
export interface StreamState {
  readonly path: string;
  readonly link_type: "glob" | "explicit";
  readonly acked_offset: string;
  readonly tail_offset: string;
  readonly has_pending: boolean;
}

/** A claim or a notification names so many streams; those that are left are told with the next. */
export const MAX_WORK = 100;
const PAGE = 100;

export interface Work {
  readonly pending: readonly WorkItem[];
  /** Marks with nothing behind them: of streams that are gone or no longer covered. */
  readonly idle: readonly StoredRecord<MarkRecord>[];
}

/**
 * What waits for a unit, found by its marks: the cost is that of what is new, not of what is linked. `limit` ends the
 * search when so many are pending.
 */
export async function loadWork(
  store: Store,
  subscription: SubscriptionRecord,
  unit: Pick<UnitRecord, "uid" | "path">,
  limit = MAX_WORK,
): Promise<Work> {
  if (unit.path !== undefined) {
    const mark = await store.getRecord<MarkRecord>("ds_marks", pairId(unit.uid, unit.path));
    return mark === undefined ? { pending: [], idle: [] } : judge(store, subscription, [mark]);
  }
  const pending: WorkItem[] = [];
  const idle: StoredRecord<MarkRecord>[] = [];
  for (let after: string | undefined; ;) {
    const page = await store.queryRecords<MarkRecord>({
      collection: "ds_marks",
      index: "byUid",
      equals: [unit.uid],
      limit: PAGE,
      ...(after !== undefined && { after }),
    });
    const work = await judge(store, subscription, page.records);
    pending.push(...work.pending);
    idle.push(...work.idle);
    if (pending.length >= limit || page.next === undefined) return { pending: pending.slice(0, limit), idle };
    after = page.next;
  }
}

async function judge(
  store: Store,
  subscription: SubscriptionRecord,
  marks: readonly StoredRecord<MarkRecord>[],
): Promise<Work> {
  const items = await Promise.all(marks.map((mark) => itemOf(store, subscription, mark.value.path, mark)));
  const pending = items.flatMap((item) => (item !== undefined && item.acked < item.stream.head ? [item] : []));
  const busy = new Set(pending.map(({ path }) => path));
  return { pending, idle: marks.filter(({ value }) => !busy.has(value.path)) };
}

/** How far one stream is; `undefined` when it is not there or not covered. The mark is read before the stream's end. */
export async function itemOf(
  store: Store,
  subscription: SubscriptionRecord,
  path: string,
  mark: StoredRecord<MarkRecord> | undefined,
): Promise<WorkItem | undefined> {
  const link = await store.getRecord<LinkRecord>("ds_links", pairId(subscription.uid, path));
  if (link === undefined && !covers(subscription, path)) return undefined;
  const stream = await store.getStream(path);
  if (stream === undefined || stream.deleted) return undefined;
  return { path, acked: ackedOf(link?.value, stream), stream, link, mark };
}

export function stateOf({ path, link, acked, stream }: WorkItem): StreamState {
  return {
    path: nameOf(path),
    link_type: link?.value.explicit === true ? "explicit" : "glob",
    acked_offset: formatOffset(acked),
    tail_offset: formatOffset(stream.head),
    has_pending: acked < stream.head,
  };
}
