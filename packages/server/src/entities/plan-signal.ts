import { ENTITY_EVENTS, mainStream, type SignalName, type SignalRow } from "@skein/protocol";
import type { EntityRecord, WakeRecord } from "../records/collections.ts";
import type { Draft } from "../records/draft.ts";
import { markReady } from "../wakes/rules.ts";
import { writeEntity } from "./entity.ts";
import { changeEventOf, type Stamp } from "./events.ts";

export interface SignalOrder {
  readonly signal: Exclude<SignalName, "kill">;
  readonly reason?: string;
  readonly key: string;
}

/**
 * Records a signal: input like any other, so that a running handler sees it at once and one that is not running is
 * woken for it. `pause` and `stop` hold the entity: what comes waits until `continue`.
 */
export function addSignal(draft: Draft, entity: EntityRecord, order: SignalOrder, stamp: Stamp): EntityRecord {
  const row: SignalRow = {
    key: order.key,
    signal: order.signal,
    from: stamp.principal,
    ...(order.reason !== undefined && { reason: order.reason }),
    receivedAt: stamp.now,
  };
  draft.append(mainStream(entity.url), [changeEventOf(ENTITY_EVENTS.signal, order.key, "insert", row, stamp)]);
  const wake = draft.read("wakes", entity.url);
  if (!wake) throw new Error(`${entity.url} lives and has no wake record.`);
  switch (order.signal) {
    case "interrupt":
      markReady(draft, entity.url, stamp.now);
      return entity;
    case "pause":
      return hold(draft, entity, wake, "paused", stamp);
    case "stop":
      return hold(draft, entity, wake, "stopped", stamp);
    case "continue":
      return letGo(draft, entity, wake, stamp);
  }
}

function hold(
  draft: Draft,
  entity: EntityRecord,
  wake: WakeRecord,
  held: "paused" | "stopped",
  stamp: Stamp,
): EntityRecord {
  const { claimableAt: _, ...rest } = wake;
  draft.write("wakes", entity.url, { ...rest, held, state: wake.state === "idle" ? "ready" : wake.state });
  // A running handler is left to end: its entity shows as running until then.
  return wake.state === "claimed" ? entity : withStatus(draft, entity, held, stamp);
}

function letGo(draft: Draft, entity: EntityRecord, wake: WakeRecord, stamp: Stamp): EntityRecord {
  const { held: _, ...rest } = wake;
  const claimableAt = wake.claim?.leaseUntil ?? stamp.now;
  draft.write("wakes", entity.url, { ...rest, state: wake.state === "idle" ? "ready" : wake.state, claimableAt });
  return wake.state === "claimed" ? entity : withStatus(draft, entity, "idle", stamp);
}

export function withStatus(
  draft: Draft,
  entity: EntityRecord,
  status: EntityRecord["status"],
  stamp: Stamp,
): EntityRecord {
  if (entity.status === status) return entity;
  const changed: EntityRecord = { ...entity, status, updatedAt: stamp.now };
  writeEntity(draft, changed, stamp);
  return changed;
}
