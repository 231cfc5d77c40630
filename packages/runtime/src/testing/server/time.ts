import { nextDue, type Serves } from "./dispatch.ts";
import { deliverDelayed } from "./messages.ts";
import { observationTimes, tellObservers } from "./observe.ts";
import type { FakeState } from "./state.ts";

const ALL: Serves = { may: () => true };

/** When something happens by itself next, or one of these can be claimed: a time that may be in the past. */
export function nextTime(state: FakeState, serves = ALL): number | undefined {
  let next = nextDue(state, serves)?.at ?? Infinity;
  for (const entity of state.entities.values()) {
    if (entity.wake === undefined) continue;
    for (const { dueAt } of entity.delayed.values()) next = Math.min(next, dueAt);
    for (const at of observationTimes(entity)) next = Math.min(next, at);
  }
  return next === Infinity ? undefined : next;
}

/** Does what is due by the clock, and tells what has changed; what is told may be observed in turn. */
export function carryOut(state: FakeState): void {
  deliverDelayed(state);
  while (tellObservers(state));
}
