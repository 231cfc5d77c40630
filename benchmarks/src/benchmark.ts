/**
 * What a benchmark is. A new one is a module that exports one and a line in `list.ts`.
 */
export interface Benchmark {
  /** Chosen by it on the command line: `npm run bench -- append`. */
  readonly name: string;
  /** One line for people. */
  readonly about: string;
  run(context: BenchmarkContext): Promise<Line[]>;
}

export interface BenchmarkContext {
  /** A folder of the benchmark's own, removed afterwards. */
  folder(): Promise<string>;
  /** Told to the person who waits. */
  progress(text: string): void;
  /** Called after the benchmark, the last first. */
  defer(undo: () => unknown): void;
}

/** One figure. `ratio`: how many times better ours is than the peer's, whichever way the unit counts. */
export interface Line {
  readonly name: string;
  readonly unit: string;
  readonly ours: number;
  readonly peer?: number;
  readonly ratio?: number;
  readonly note?: string;
}

/** A line with its ratio; in `perSecond` units more is better, in all others less. */
export function line(name: string, unit: string, ours: number, peer?: number, note?: string): Line {
  const better = unit.endsWith("/s") ? ours / (peer ?? Number.NaN) : (peer ?? Number.NaN) / ours;
  return {
    name,
    unit,
    ours: rounded(ours),
    ...(peer === undefined ? {} : { peer: rounded(peer), ratio: rounded(better) }),
    ...(note === undefined ? {} : { note }),
  };
}

function rounded(value: number): number {
  return Number(value.toPrecision(value >= 1000 ? 5 : 3));
}
