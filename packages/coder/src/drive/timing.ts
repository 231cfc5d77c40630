import type { Clock } from "../clock.ts";

/** How patient a driver is with its agent. */
export interface Timing {
  /** How long an interrupted turn may take to end before its process is ended. */
  readonly interruptMs: number;
  /** Silence after which viewers are told. */
  readonly stallNoticeMs: number;
  /** Silence after which the turn is given up. */
  readonly stallAbortMs: number;
}

export const TIMING: Timing = { interruptMs: 700, stallNoticeMs: 120_000, stallAbortMs: 1_800_000 };

/** Waits for work that may hang or fail, and no longer than that. Whether it failed is told where it was begun. */
export async function within(clock: Clock, ms: number, work: Promise<unknown>): Promise<void> {
  let cancel = (): void => {};
  const tooLong = new Promise<void>((resolve) => {
    cancel = clock.after(ms, resolve);
  });
  const settled = work.then(
    () => undefined,
    () => undefined,
  );
  await Promise.race([settled, tooLong]);
  cancel();
}
