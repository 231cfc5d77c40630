import type { FakeEntity, FakeState, Wake } from "./state.ts";
import { tell } from "./state.ts";

/** Given back without an acknowledgement: at once the first time, then after a delay that doubles up to this. */
const BACKOFF_MS = { first: 200, most: 30_000 };

export function newWake(now: number): Wake {
  return { state: "ready", generation: 0, acked: 0, attempts: 0, claimableAt: now };
}

export function readied(wake: Wake, claimableAt: number): Wake {
  const { claim: _, claimableAt: _at, ...rest } = wake;
  return { ...rest, state: "ready", ...(wake.held === undefined && { claimableAt }) };
}

/** New input: an idle entity becomes ready; one that is ready or claimed will see it anyway. */
export function markReady(state: FakeState, entity: FakeEntity): void {
  if (entity.wake?.state === "idle") entity.wake = readied(entity.wake, state.clock.now());
  tell(state);
}

export function released(wake: Wake, more: boolean, now: number): Wake {
  const { claim: _, claimableAt: _at, ...rest } = wake;
  if (!more) return { ...rest, state: "idle" };
  const paid = wake.attempts - 1;
  const delay = paid <= 0 ? 0 : Math.min(BACKOFF_MS.first * 2 ** Math.min(paid - 1, 30), BACKOFF_MS.most);
  return readied(wake, now + delay);
}

export function acknowledged(wake: Wake, position: number): Wake {
  return position > wake.acked ? { ...wake, acked: position, attempts: 0 } : wake;
}
