import { createExternal, type External } from "../external.ts";
import type { Environment } from "../environment.ts";

/** A world in which time passes only when the test says so. */
export interface ManualEnvironment extends Environment {
  readonly awake: External<boolean>;
  readonly stored: Map<string, string>;
  /** Lets time pass, and everything run that was due in it, in order. */
  readonly advance: (ms: number) => Promise<void>;
}

export function manualEnvironment(): ManualEnvironment {
  let now = 1_000;
  let ids = 0;
  const timers = new Set<{ readonly at: number; readonly call: () => void }>();
  const stored = new Map<string, string>();
  const after = (ms: number, call: () => void): (() => void) => {
    const timer = { at: now + ms, call };
    timers.add(timer);
    return () => timers.delete(timer);
  };
  return {
    now: () => now,
    after,
    beforePaint: (call) => after(0, call),
    random: () => 0.5,
    newId: () => `id-${++ids}`,
    awake: createExternal(true),
    stored,
    storage: {
      get: (name) => stored.get(name),
      set: (name, value) => void (value === undefined ? stored.delete(name) : stored.set(name, value)),
    },
    async advance(ms) {
      const until = now + ms;
      for (;;) {
        await settled();
        const [next] = [...timers].filter(({ at }) => at <= until).sort((a, b) => a.at - b.at);
        if (next === undefined) break;
        timers.delete(next);
        now = next.at;
        next.call();
      }
      now = until;
    },
  };
}

/** Everything that waits for promises, and nothing that waits for time, has run. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setTimeout(resolve, 0));
}
