import type { Clock } from "../client/index.ts";

const TICK_MS = 1_000;
const JUMP_MS = 5_000;

/** Timers stand still while a machine sleeps, and the clock on the wall does not. */
export function watchClock(clock: Clock, onJump: () => void): () => void {
  let last = clock.now();
  let cancel = (): void => undefined;
  const tick = (): void => {
    const now = clock.now();
    if (now - last > TICK_MS + JUMP_MS) onJump();
    last = now;
    cancel = clock.after(TICK_MS, tick);
  };
  cancel = clock.after(TICK_MS, tick);
  return () => cancel();
}
