import {
  dueTime,
  ENTITY_EVENTS,
  mainStream,
  SkeinError,
  type ChangeEvent,
  type InboxEdit,
  type InboxRow,
} from "@skein/protocol";
import { pairId, type DelayedRecord, type EntityRecord, type WakeRecord } from "../records/collections.ts";
import type { Draft } from "../records/draft.ts";
import { endedEntity, noEntity, type EntityRules } from "./entity.ts";
import { changeEventOf, type Stamp } from "./events.ts";
import { moveMessage } from "./move-message.ts";
import { checkMessage, delayedRowOf } from "./plan-send.ts";

/** Changing messages that nobody handles yet. The log keeps each change as an event of the message's row. */

export type MessageOrder = { readonly kind: "edit"; readonly edit: InboxEdit } | { readonly kind: "remove" };

export interface QueuedMessage {
  readonly row: InboxRow;
  readonly position: number;
}

/** What was read of the entity's stream. */
export interface MessageSituation {
  readonly head: number;
  /** Behind the acknowledged position, in order. */
  readonly queued: readonly QueuedMessage[];
  /** It is not there, and was not long ago. */
  readonly handled: boolean;
}

export type MessagePlan =
  | { readonly kind: "planned"; readonly dueAt?: number }
  | { readonly kind: "refused"; readonly error: SkeinError };

export function planMessage(
  draft: Draft,
  target: { readonly url: string; readonly key: string; readonly order: MessageOrder },
  situation: MessageSituation,
  rules: EntityRules,
  stamp: Stamp,
): MessagePlan {
  const { url, key, order } = target;
  const entity = draft.read("entities", url);
  if (!entity) return { kind: "refused", error: noEntity(url) };
  const wake = draft.read("wakes", url);
  if (entity.status === "killed" || !wake) return { kind: "refused", error: endedEntity(entity) };
  const delayed = draft.read("delayed", pairId(url, key));
  if (delayed) return planDelayed(draft, entity, delayed, order, { rules, stamp });

  const found = situation.queued.find(({ row }) => row.key === key);
  if (!found && !situation.handled) return refuse("not_found", `${url} has no message ${key} that waits.`);
  if (!found || found.position < firstFree(wake, stamp.now)) {
    return refuse("conflict", `It is too late: the message ${key} is being handled, or was.`);
  }
  if (order.kind === "edit" && (order.edit.at ?? order.edit.afterMs) !== undefined) {
    return refuse("invalid_request", "The message is queued already: `at` and `afterMs` are for those that wait.");
  }
  const free = situation.queued.filter(({ position }) => position >= firstFree(wake, stamp.now));
  const events = eventsOf(draft, { entity, found, free, order }, rules, stamp);
  if (events instanceof SkeinError) return { kind: "refused", error: events };
  return apply(draft, { url, wake, head: situation.head }, events, stamp.now);
}

/**
 * Messages from this position on are not being handled. Under a claim it is what the handler has said; one that has
 * said nothing handles all that it was given. A claim whose lease is over handles nothing any more.
 */
function firstFree(wake: WakeRecord, now: number): number {
  const claimed = wake.state === "claimed" && (wake.claim?.leaseUntil ?? 0) > now;
  return claimed ? (wake.taken ?? Infinity) : wake.acked;
}

function eventsOf(
  draft: Draft,
  target: {
    readonly entity: EntityRecord;
    readonly found: QueuedMessage;
    readonly free: readonly QueuedMessage[];
    readonly order: MessageOrder;
  },
  rules: EntityRules,
  stamp: Stamp,
): ChangeEvent[] | SkeinError {
  const { entity, found, free, order } = target;
  const { row } = found;
  if (order.kind === "remove") return [changeEventOf(ENTITY_EVENTS.inbox, row.key, "delete", undefined, stamp)];
  const { payload, type, before, after } = order.edit;
  const says = payload !== undefined || type !== undefined;
  const edited: InboxRow = !says
    ? row
    : {
        ...row,
        ...(payload !== undefined && { payload }),
        ...(type !== undefined && { type }),
        editedBy: stamp.principal,
        editedAt: stamp.now,
      };
  const wrong = says ? checkMessage(draft, entity, edited, rules, stamp.now) : undefined;
  if (wrong) return wrong;
  const place = before !== undefined ? { before } : after !== undefined ? { after } : undefined;
  if (place) return moveMessage({ queued: free, moved: edited, place }, stamp);
  return [changeEventOf(ENTITY_EVENTS.inbox, row.key, "update", edited, stamp)];
}

/** The log's end is where it was read: two changes of one message cannot miss each other. */
function apply(
  draft: Draft,
  { url, wake, head }: { readonly url: string; readonly wake: WakeRecord; readonly head: number },
  events: readonly ChangeEvent[],
  now: number,
): MessagePlan {
  const main = mainStream(url);
  draft.append(main, events);
  draft.fence(main, { expectedHead: head });
  // Whoever claims, or takes more, at this moment: one of the two comes second and sees the other.
  if (wake.state === "claimed" && (wake.claim?.leaseUntil ?? 0) > now) {
    draft.write("wakes", url, { ...wake, edited: head + events.length });
  } else draft.check("wakes", url);
  return { kind: "planned" };
}

function planDelayed(
  draft: Draft,
  entity: EntityRecord,
  delayed: DelayedRecord,
  order: MessageOrder,
  { rules, stamp }: { readonly rules: EntityRules; readonly stamp: Stamp },
): MessagePlan {
  const { url } = entity;
  const id = pairId(url, delayed.key);
  const main = mainStream(url);
  if (order.kind === "remove") {
    draft.remove("delayed", id);
    draft.append(main, [changeEventOf(ENTITY_EVENTS.delayed, delayed.key, "delete", undefined, stamp)]);
    return { kind: "planned" };
  }
  const { payload, type, before, after } = order.edit;
  if ((before ?? after) !== undefined)
    return refuse("invalid_request", "The message waits for its time: it has no place among those that are queued.");
  const message = {
    ...delayed.message,
    ...(payload !== undefined && { payload }),
    ...(type !== undefined && { type }),
  };
  const at = dueTime(order.edit, stamp.now) ?? delayed.at;
  const wrong = checkMessage(draft, entity, { ...message, at }, rules, stamp.now);
  if (wrong) return { kind: "refused", error: wrong };
  const changed: DelayedRecord = { ...delayed, message, at };
  draft.write("delayed", id, changed);
  const row = { ...delayedRowOf(changed), editedBy: stamp.principal, editedAt: stamp.now };
  draft.append(main, [changeEventOf(ENTITY_EVENTS.delayed, delayed.key, "update", row, stamp)]);
  return { kind: "planned", dueAt: at };
}

function refuse(code: "not_found" | "conflict" | "invalid_request", message: string): MessagePlan {
  return { kind: "refused", error: new SkeinError(code, message) };
}
