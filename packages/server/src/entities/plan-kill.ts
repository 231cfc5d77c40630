import { ENTITY_EVENTS, mainStream } from "@skein/protocol";
import { tellSets } from "../observers/members.ts";
import type { EntityRecord, OpenRunRecord, SubscriptionRecord } from "../records/collections.ts";
import { pairId } from "../records/collections.ts";
import type { Draft } from "../records/draft.ts";
import { projectKill } from "../sessions/draft.ts";
import { letWaitersGo } from "../wakes/waiting.ts";
import { failRuns, notifyEnded } from "../wakes/runs.ts";
import { changeEventOf, type Stamp } from "./events.ts";
import { withStatus } from "./plan-signal.ts";

export interface KillOrder {
  readonly reason?: string;
  readonly openRuns: readonly OpenRunRecord[];
  /** Who is told about this entity. */
  readonly subscribers: readonly SubscriptionRecord[];
  /** About whom it wanted to be told. */
  readonly subscribed: readonly SubscriptionRecord[];
  /** The stream of the session that it drives is there and takes a last row. */
  readonly sessionOpen: boolean;
}

/**
 * The end of an entity: its stream gets its last event and is closed, so that nothing can be added by anybody; its
 * wake goes, and with it every claim. Its history and its resources stay.
 */
export function addKill(draft: Draft, entity: EntityRecord, order: KillOrder, stamp: Stamp): EntityRecord {
  const main = mainStream(entity.url);
  const rows = order.openRuns.map(({ row }) => row);
  const lost = failRuns(draft, entity.url, rows, `${entity.url} was killed.`, stamp);
  const runs = lost.map((row) => ({ row, response: "" }));
  const others = order.subscribers.filter(({ subscriber }) => subscriber !== entity.url);
  notifyEnded(draft, entity.url, { runs, subscriptions: others }, stamp.now);
  for (const { source, subscriber } of [...order.subscribers, ...order.subscribed]) {
    draft.remove("subscriptions", pairId(source, subscriber));
  }
  const ended = {
    key: "ended",
    status: "killed",
    ...(order.reason !== undefined && { reason: order.reason }),
    from: stamp.principal,
    endedAt: stamp.now,
  };
  draft.append(main, [changeEventOf(ENTITY_EVENTS.ended, "ended", "insert", ended, stamp)]);
  draft.closeStream(main);
  const waiters = draft.read("wakes", entity.url)?.waiters ?? [];
  draft.remove("wakes", entity.url);
  letWaitersGo(draft, entity.url, waiters, stamp.now);
  const killed = withStatus(draft, entity, "killed", stamp);
  tellSets(draft, { before: entity, after: killed }, stamp);
  projectKill(draft, killed, order.sessionOpen, stamp);
  return killed;
}
