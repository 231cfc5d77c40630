import { ENTITY_EVENTS, mainStream, SkeinError, type Tags } from "@skein/protocol";
import { tellSets } from "../observers/members.ts";
import type { EntityRecord } from "../records/collections.ts";
import type { Draft } from "../records/draft.ts";
import { projectEntity } from "../sessions/draft.ts";
import { writeEntity } from "./entity.ts";
import { changeEventOf, type Stamp } from "./events.ts";

/** Tags are for finding and showing entities; what grows belongs into state. */
export const MAX_TAGS = 200;

export function checkTags(tags: Tags): SkeinError | undefined {
  const count = Object.keys(tags).length;
  if (count <= MAX_TAGS) return undefined;
  return new SkeinError("too_large", `An entity has at most ${MAX_TAGS} tags; these would be ${count}.`);
}

/** The tags after a change. */
export function mergeTags(tags: Tags, change: TagChange): Tags {
  const merged = { ...tags, ...change.set };
  for (const key of change.remove ?? []) delete merged[key];
  return merged;
}

export interface TagChange {
  readonly set?: Tags;
  readonly remove?: readonly string[];
}

/** Merges a change into an entity's tags; says nothing when nothing changes. */
export function addTagChange(draft: Draft, entity: EntityRecord, change: TagChange, stamp: Stamp): EntityRecord {
  const set = Object.entries(change.set ?? {}).filter(([key, value]) => entity.tags[key] !== value);
  const removed = (change.remove ?? []).filter((key) => Object.hasOwn(entity.tags, key));
  if (set.length === 0 && removed.length === 0) return entity;

  const changed: EntityRecord = { ...entity, tags: mergeTags(entity.tags, change), updatedAt: stamp.now };
  draft.append(mainStream(entity.url), [
    ...set.map(([key, value]) => changeEventOf(ENTITY_EVENTS.tag, key, "upsert", { key, value }, stamp)),
    ...removed.map((key) => changeEventOf(ENTITY_EVENTS.tag, key, "delete", undefined, stamp)),
  ]);
  writeEntity(draft, changed, stamp);
  projectEntity(draft, changed, stamp);
  tellSets(draft, { before: entity, after: changed }, stamp);
  return changed;
}
