import type { Environment } from "../environment.ts";

/** Real time, with a list of what still waits for it. */
export function trackedEnvironment(): Environment & { readonly waiting: () => number } {
  const timers = new Set<NodeJS.Timeout>();
  const stored = new Map<string, string>();
  let ids = 0;
  const after = (ms: number, call: () => void): (() => void) => {
    const timer = setTimeout(() => {
      timers.delete(timer);
      call();
    }, ms);
    timers.add(timer);
    return () => {
      clearTimeout(timer);
      timers.delete(timer);
    };
  };
  return {
    now: () => Date.now(),
    after,
    beforePaint: (call) => after(0, call),
    random: () => 0.5,
    newId: () => `id-${++ids}`,
    awake: { get: () => true, subscribe: () => () => undefined },
    storage: {
      get: (name) => stored.get(name),
      set: (name, value) => void (value === undefined ? stored.delete(name) : stored.set(name, value)),
    },
    waiting: () => timers.size,
  };
}
