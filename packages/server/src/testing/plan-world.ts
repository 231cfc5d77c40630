import type { CollectionName, EntityRecord, Records, WakeRecord } from "../records/collections.ts";
import type { EntityRules } from "../entities/entity.ts";
import { createSnapshot, type SnapshotBuilder } from "../records/snapshot.ts";
import { newWake } from "../wakes/rules.ts";

/** Plain data for tests of plans: no store, no clock, ids that count. */
export interface PlanWorld extends SnapshotBuilder {
  /** Records that are there, at version 1. */
  put<C extends CollectionName>(collection: C, id: string, value: Records[C]): void;
  /** Records that are known not to be there. */
  absent(collection: CollectionName, ...ids: string[]): void;
}

export function planWorld(): PlanWorld {
  const snapshot = createSnapshot();
  return {
    ...snapshot,
    put: (collection, id, value) => snapshot.set(collection, id, { id, version: 1, value }),
    absent(collection, ...ids) {
      for (const id of ids) snapshot.set(collection, id, undefined);
    },
  };
}

export function entityRecord(url: string, more: Partial<EntityRecord> = {}): EntityRecord {
  const [, type = "", id = ""] = url.split("/");
  const times = { createdAt: 1, updatedAt: 1 };
  return {
    url,
    type,
    id,
    status: "idle",
    args: {},
    tags: {},
    createdBy: "user:test",
    typeRevision: 1,
    ...times,
    ...more,
  };
}

export function idleWake(url: string): WakeRecord {
  const { claimableAt: _, ...wake } = newWake(url, url.split("/")[1] ?? "", 0);
  return { ...wake, state: "idle" };
}

export function countingRules(): EntityRules {
  let count = 0;
  return { check: () => undefined, id: () => `id${(count += 1)}` };
}
