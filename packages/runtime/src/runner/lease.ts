import { SkeinError } from "@skein/protocol";
import type { Clock } from "../client/index.ts";
import { isTransient } from "../client/index.ts";

/** Keeps a claim while its handler runs: a heartbeat every third of the lease. */
export interface Lease {
  /** The machine may have slept: ask at once whether the claim still holds. */
  suspect(): void;
  stop(): void;
}

/** The server's lease began a little before we heard of it; two handlers must not overlap by that. */
function safely(leaseMs: number): number {
  return leaseMs * 0.9;
}

type Answer = { readonly leaseMs: number } | { readonly error: unknown };

/**
 * The claim is lost when the server says so, and when the lease has run out without the server being reached: then
 * somebody else may be at work already, and two must not be.
 */
export function startLease(options: {
  readonly clock: Clock;
  readonly leaseMs: number;
  readonly heartbeat: (signal: AbortSignal) => Promise<{ leaseMs: number }>;
  readonly onLost: (error: SkeinError) => void;
}): Lease {
  const { clock, heartbeat, onLost } = options;
  let { leaseMs } = options;
  let holdsUntil = clock.now() + safely(leaseMs);
  let cancelTimer = (): void => undefined;
  let beating: AbortController | undefined;
  let ended = false;

  const schedule = (ms: number): void => {
    cancelTimer();
    if (!ended) cancelTimer = clock.after(ms, () => void beat());
  };
  const lose = (error: SkeinError): void => {
    if (ended) return;
    stop();
    onLost(error);
  };
  const judge = (error: unknown): void => {
    if (!isTransient(error)) {
      lose(error instanceof SkeinError ? error : new SkeinError("internal", "The heartbeat failed.", { cause: error }));
    } else if (clock.now() >= holdsUntil) {
      lose(new SkeinError("fenced", "The server could not be reached before the lease ran out."));
    } else schedule(Math.max(10, Math.min(1_000, leaseMs / 20)));
  };
  const beat = async (): Promise<void> => {
    if (ended || beating) return;
    const controller = new AbortController();
    beating = controller;
    const sentAt = clock.now();
    // A request that hangs must not stand in the way of the next one, whatever it makes of its signal.
    const answer = await new Promise<Answer>((resolve) => {
      const giveUp = clock.after(leaseMs / 3, () => {
        const error = new SkeinError("unavailable", "The heartbeat was not answered.");
        controller.abort(error);
        resolve({ error });
      });
      heartbeat(controller.signal)
        .then(resolve, (error: unknown) => resolve({ error }))
        .finally(giveUp);
    });
    if (ended || beating !== controller) return;
    beating = undefined;
    if ("error" in answer) return judge(answer.error);
    ({ leaseMs } = answer);
    holdsUntil = sentAt + safely(leaseMs);
    schedule(leaseMs / 3);
  };
  const stop = (): void => {
    ended = true;
    cancelTimer();
    beating?.abort(new SkeinError("unavailable", "The claim is over."));
  };

  schedule(leaseMs / 3);
  return {
    suspect() {
      // One that was under way when the machine slept may never be answered.
      const stale = beating;
      beating = undefined;
      stale?.abort(new SkeinError("unavailable", "The heartbeat was overtaken."));
      void beat();
    },
    stop,
  };
}
