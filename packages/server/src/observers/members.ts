import type { MemberFacts, RunRow } from "@skein/protocol";
import { z } from "zod";
import { changeEventOf, type Stamp } from "../entities/events.ts";
import type { EntityRecord } from "../records/collections.ts";
import type { Draft } from "../records/draft.ts";
import type { RecordKey } from "../records/snapshot.ts";
import { memberPaths } from "./paths.ts";

/** What the streams of sets hold: entities that came, changed or went, and runs of theirs that ended. */
const facts = z.object({
  type: z.string(),
  tags: z.record(z.string(), z.string()),
  parent: z.string().optional(),
  status: z.string(),
});
export const MEMBER = "member";
export const MEMBER_RUN = "member_run";
export const memberRow = z.object({ before: facts.optional(), after: facts.optional() });
export const memberRunRow = z.object({ url: z.string(), member: facts, run: z.looseObject({ key: z.string() }) });

type Marks = Pick<EntityRecord, "type" | "tags" | "parent">;

/** The records that say whether somebody observes sets which an entity with these marks may belong to. */
export function memberKeys(...entities: readonly (Marks | undefined)[]): RecordKey[] {
  return pathsOf(entities).map((path): RecordKey => ["observed", path]);
}

/** Tells the sets of an entity that came (no `before`), changed its tags, or was killed. */
export function tellSets(
  draft: Draft,
  { before, after }: { readonly before: EntityRecord | undefined; readonly after: EntityRecord },
  stamp: Stamp,
): void {
  const value = { ...(before && { before: factsOf(before) }), after: factsOf(after) };
  const event = changeEventOf(MEMBER, after.url, "upsert", value, stamp);
  toObserved(draft, pathsOf([before, after]), (path) => draft.append(path, [event]));
}

/** Tells the sets of an entity that runs of it have ended. */
export function tellSetsOfRuns(draft: Draft, entity: EntityRecord, runs: readonly RunRow[], stamp: Stamp): void {
  if (runs.length === 0) return;
  const events = runs.map((run) => {
    const value = { url: entity.url, member: factsOf(entity), run };
    return changeEventOf(MEMBER_RUN, `${entity.url}#${run.key}`, "insert", value, stamp);
  });
  toObserved(draft, pathsOf([entity]), (path) => draft.append(path, events));
}

/** Streams that nobody observes are not there; the commit holds only while that is so. */
function toObserved(draft: Draft, paths: readonly string[], append: (path: string) => void): void {
  for (const path of paths) {
    if (draft.read("observed", path)) append(path);
    else draft.check("observed", path);
  }
}

function pathsOf(entities: readonly (Marks | undefined)[]): string[] {
  return [...new Set(entities.flatMap((entity) => (entity ? memberPaths(entity) : [])))];
}

function factsOf({ type, tags, parent, status }: EntityRecord): MemberFacts {
  return { type, tags, ...(parent !== undefined && { parent }), status };
}
