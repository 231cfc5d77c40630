/**
 * How often a stream's observers are told: after telling many it rests, a millisecond for each of them, so that a busy
 * source with a thousand observers does not take all of the server; what comes meanwhile is told as one. Only of this
 * process, and only a matter of when.
 */
export interface Rests {
  isResting(path: string): boolean;
  told(path: string, observers: number): void;
  /** Milliseconds until the first one is over. */
  readonly left: number | undefined;
  /** Whoever wants all to be done now does not wait. */
  end(): void;
}

/** Fewer observers than this cost nothing worth waiting for. */
const FEW = 100;
const MAX_MS = 5000;

export function createRests(clock: () => number = () => performance.now()): Rests {
  const until = new Map<string, number>();
  return {
    isResting: (path) => (until.get(path) ?? 0) > clock(),
    told(path, observers) {
      until.delete(path);
      if (observers >= FEW) until.set(path, clock() + Math.min(observers, MAX_MS));
    },
    get left() {
      for (const [path, at] of until) if (at <= clock()) until.delete(path);
      return until.size === 0 ? undefined : Math.min(...until.values()) - clock();
    },
    end: () => until.clear(),
  };
}
