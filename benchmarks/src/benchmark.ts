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

/** Ours, beside the published reference server (`peer`) and the least that this machine can do it in (`floor`). */
export interface Figures {
  readonly ours: number;
  readonly peer?: number;
  readonly floor?: number;
}

/** One line. The ratios: how many times better ours is than the other, whichever way the unit counts. */
export interface Line extends Figures {
  readonly name: string;
  readonly unit: string;
  readonly ratio?: number;
  readonly ofFloor?: number;
  readonly note?: string;
}

/** A line with its ratios; in `…/s` units more is better, in all others less. */
export function line(name: string, unit: string, { ours, peer, floor }: Figures, note?: string): Line {
  const times = (other: number) => rounded(unit.endsWith("/s") ? ours / other : other / ours);
  return {
    name,
    unit,
    ours: rounded(ours),
    ...(peer === undefined ? {} : { peer: rounded(peer), ratio: times(peer) }),
    ...(floor === undefined ? {} : { floor: rounded(floor), ofFloor: times(floor) }),
    ...(note === undefined ? {} : { note }),
  };
}

function rounded(value: number): number {
  return Number(value.toPrecision(value >= 1000 ? 5 : 3));
}
