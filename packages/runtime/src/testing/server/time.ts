import { nextDue } from "./dispatch.ts";
import type { FakeState } from "./state.ts";

/** When something happens by itself next: a time that may be in the past. */
export function nextTime(state: FakeState): number | undefined {
  return nextDue(state, { types: new Set(state.types.keys()) })?.at;
}

/** Does what is due by the clock, and what was told by appends. */
export function carryOut(_state: FakeState): void {}
