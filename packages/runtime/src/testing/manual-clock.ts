import type { Clock } from "../client/index.ts";

/** A clock that stands still until a test moves it. */
export interface ManualClock extends Clock {
  /** Moves time on and calls what falls due, in order, letting promises settle in between. */
  advance(ms: number): Promise<void>;
  /** Moves the clock on the wall without calling anything: what happens to a machine that sleeps. */
  jump(ms: number): void;
  readonly pending: number;
  /** When the next timer falls due. */
  readonly next: number | undefined;
}

export function createManualClock(start = 1_000_000): ManualClock {
  let now = start;
  let timers: { readonly at: number; readonly call: () => void }[] = [];
  /** Timers count time awake, and the wall all time. */
  let awake = start;
  return {
    now: () => now,
    random: () => 0.5,
    after(ms, call) {
      const timer = { at: awake + ms, call };
      timers.push(timer);
      return () => {
        timers = timers.filter((other) => other !== timer);
      };
    },
    async advance(ms) {
      const end = awake + ms;
      await settle();
      for (;;) {
        const next = timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
        if (!next) break;
        timers = timers.filter((other) => other !== next);
        now += Math.max(0, next.at - awake);
        awake = Math.max(awake, next.at);
        next.call();
        await settle();
      }
      now += end - awake;
      awake = end;
      await settle();
    },
    jump(ms) {
      now += ms;
    },
    get pending() {
      return timers.length;
    },
    get next() {
      return timers.length === 0 ? undefined : now + Math.max(0, Math.min(...timers.map(({ at }) => at)) - awake);
    },
  };
}

/** Everything that needs no time has happened. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
