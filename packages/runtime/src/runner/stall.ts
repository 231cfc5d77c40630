import { SkeinError } from "@skein/protocol";
import type { Clock } from "../client/index.ts";

/** Ends what keeps its claim and gets nowhere. */
export interface Stall {
  /** Something was committed: the time begins anew. */
  progress(): void;
  /** Why it was ended, if it was. */
  readonly error: SkeinError | undefined;
  stop(): void;
}

/** `ms` absent: it is left alone. `clock` counts time awake, so that a machine's sleep does not count. */
export function watchStall(clock: Clock, ms: number | undefined, onStall: (error: SkeinError) => void): Stall {
  let error: SkeinError | undefined;
  let cancel = (): void => undefined;
  const progress = (): void => {
    cancel();
    if (ms === undefined || error) return;
    cancel = clock.after(ms, () => {
      error = new SkeinError("timed_out", `The handler committed nothing for ${ms} ms.`);
      onStall(error);
    });
  };
  progress();
  return {
    progress,
    get error() {
      return error;
    },
    stop: () => cancel(),
  };
}
