import type { Clock } from "./clock.ts";
import { sleep } from "./clock.ts";

export interface Backoff {
  /** Waits before the next try, longer each time. Resolves early, without an error, when the signal aborts. */
  wait(signal: AbortSignal): Promise<void>;
  /** A try succeeded. */
  reset(): void;
}

export interface BackoffOptions {
  readonly clock: Clock;
  readonly minMs?: number;
  readonly maxMs?: number;
}

/** Doubles from `minMs` to `maxMs`; each wait is between half of that and all of it, so that clients spread out. */
export function createBackoff({ clock, minMs = 100, maxMs = 10_000 }: BackoffOptions): Backoff {
  let failures = 0;
  return {
    async wait(signal) {
      const full = Math.min(maxMs, minMs * 2 ** Math.min(failures, 20));
      failures += 1;
      await sleep(clock, full / 2 + (full / 2) * clock.random(), signal);
    },
    reset() {
      failures = 0;
    },
  };
}
