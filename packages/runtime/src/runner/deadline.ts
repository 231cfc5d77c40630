import { SkeinError } from "@skein/protocol";
import type { Clock } from "../client/index.ts";
import { withOwnSignal } from "../client/index.ts";

/** Resolves when `done` does, or after `ms`. */
export async function within(clock: Clock, ms: number, done: Promise<unknown>): Promise<void> {
  let cancel = (): void => undefined;
  const late = new Promise<void>((resolve) => {
    cancel = clock.after(ms, resolve);
  });
  await Promise.race([done, late]);
  cancel();
}

/** A request that hangs for longer than it may counts as a server that cannot be reached. */
export async function withDeadline<T>(
  clock: Clock,
  ms: number,
  signal: AbortSignal,
  call: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  return withOwnSignal(signal, async (own) => {
    const controller = new AbortController();
    const abort = (): void => controller.abort(own.reason);
    own.addEventListener("abort", abort, { once: true });
    if (own.aborted) abort();
    const cancel = clock.after(ms, () => controller.abort(new SkeinError("unavailable", "The server did not answer.")));
    try {
      return await call(controller.signal);
    } finally {
      cancel();
    }
  });
}
