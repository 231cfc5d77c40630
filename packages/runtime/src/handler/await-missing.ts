import { SkeinError } from "@skein/protocol";
import type { Clock } from "../client/index.ts";
import { sleep } from "../client/index.ts";

/** Tries until it is there. Rejects with `not_found` when the time is over, and with anything else at once. */
export async function awaitMissing<T>(
  attempt: () => Promise<T>,
  options: { readonly clock: Clock; readonly signal: AbortSignal; readonly waitMs: number; readonly what: string },
): Promise<T> {
  const { clock, signal, waitMs, what } = options;
  const until = clock.now() + waitMs;
  for (let pause = 20; ; pause = Math.min(pause * 2, 250)) {
    try {
      return await attempt();
    } catch (error) {
      if (!isMissing(error)) throw error;
      if (clock.now() >= until) throw new SkeinError("not_found", `There is no ${what}.`, { cause: error });
    }
    await sleep(clock, pause, signal);
    if (signal.aborted) throw signal.reason;
  }
}

export function isMissing(error: unknown): error is SkeinError {
  return error instanceof SkeinError && error.code === "not_found";
}
