import type { Clock } from "../clock.ts";

/** Time that passes when a test says so. */
export interface ManualClock extends Clock {
  /** Lets time pass, and what is due in it happen in order. */
  pass(ms: number): void;
}

export function createManualClock(start = 1_000_000): ManualClock {
  let now = start;
  let timers: { at: number; run: () => void }[] = [];
  return {
    now: () => now,
    after(ms, run) {
      const timer = { at: now + ms, run };
      timers.push(timer);
      return () => {
        timers = timers.filter((one) => one !== timer);
      };
    },
    pass(ms) {
      const until = now + ms;
      for (;;) {
        const [due] = timers.filter(({ at }) => at <= until).sort((a, b) => a.at - b.at);
        if (due === undefined) break;
        timers = timers.filter((one) => one !== due);
        now = due.at;
        due.run();
      }
      now = until;
    },
  };
}
