import { ENTITY_EVENTS, mainStream, type ChangeEvent } from "@skein/protocol";
import type { Stamp } from "../entities/events.ts";
import { withStatus } from "../entities/plan-signal.ts";
import type { Draft } from "../records/draft.ts";
import type { CommitOrder, CommitSituation } from "./plan-commit.ts";
import { acknowledged, released } from "./rules.ts";
import { letWaitersGo, waitOn } from "./waiting.ts";

/** Acknowledges, and releases the claim. Answers whether more input waits, when it was released. */
export function planEnd(
  draft: Draft,
  { url, body }: CommitOrder,
  { ack, situation }: { readonly ack: number | undefined; readonly situation: CommitSituation },
  stamp: Stamp,
): boolean | undefined {
  const wake = draft.read("wakes", url);
  const entity = draft.read("entities", url);
  if (!wake || !entity) return undefined;
  const acked = ack === undefined ? wake : acknowledged(wake, ack);
  if (!body.done) {
    if (acked !== wake) draft.write("wakes", url, acked);
    return undefined;
  }
  // Without an acknowledgement the claim is only given back: somebody else shall do the work.
  const own = draft.events(mainStream(url)).some(isInput);
  const { again: _, reservedUntil: _r, waiters = [], ...ending } = acked;
  const more = ack === undefined || own || wake.again === true || situation.newer?.found !== false;
  if (ack !== undefined && situation.newer?.head !== undefined) {
    draft.fence(mainStream(url), { expectedHead: situation.newer.head });
  }
  const waits = wake.again === true ? undefined : waitOn(draft, url, released(ending, true, stamp.now), stamp.now);
  if (waits !== undefined) {
    draft.write("wakes", url, waits);
    letWaitersGo(draft, url, waiters, stamp.now);
    withStatus(draft, entity, wake.held ?? "idle", stamp);
    return false;
  }
  const { waitsFor, ...rest } = ending;
  // What it waited for is free meanwhile.
  const offered = more || waitsFor !== undefined;
  draft.write("wakes", url, released(rest, offered, stamp.now));
  letWaitersGo(draft, url, waiters, stamp.now);
  withStatus(draft, entity, wake.held ?? "idle", stamp);
  return offered;
}

const INPUT: ReadonlySet<string> = new Set([ENTITY_EVENTS.inbox, ENTITY_EVENTS.wake, ENTITY_EVENTS.signal]);

/** What a handler has to be woken for. Only the server writes these; what changes a message is no other one. */
export function isInput(event: Pick<ChangeEvent, "type" | "headers">): boolean {
  return INPUT.has(event.type) && event.headers.operation === "insert";
}
