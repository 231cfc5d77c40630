import { ENTITY_EVENTS, mainStream, type Tags } from "@skein/protocol";
import type { EntityRecord } from "../records/collections.ts";
import type { Draft } from "../records/draft.ts";
import { projectEntity } from "../sessions/draft.ts";
import { writeEntity } from "./entity.ts";
import { changeEventOf, type Stamp } from "./events.ts";

export interface TagChange {
  readonly set?: Tags;
  readonly remove?: readonly string[];
}

/** Merges a change into an entity's tags; says nothing when nothing changes. */
export function addTagChange(draft: Draft, entity: EntityRecord, change: TagChange, stamp: Stamp): EntityRecord {
  const set = Object.entries(change.set ?? {}).filter(([key, value]) => entity.tags[key] !== value);
  const removed = (change.remove ?? []).filter((key) => Object.hasOwn(entity.tags, key));
  if (set.length === 0 && removed.length === 0) return entity;

  const tags = { ...entity.tags, ...Object.fromEntries(set) };
  for (const key of removed) delete tags[key];
  const changed: EntityRecord = { ...entity, tags, updatedAt: stamp.now };
  draft.append(mainStream(entity.url), [
    ...set.map(([key, value]) => changeEventOf(ENTITY_EVENTS.tag, key, "upsert", { key, value }, stamp)),
    ...removed.map((key) => changeEventOf(ENTITY_EVENTS.tag, key, "delete", undefined, stamp)),
  ]);
  writeEntity(draft, changed, stamp);
  projectEntity(draft, changed, stamp);
  return changed;
}
