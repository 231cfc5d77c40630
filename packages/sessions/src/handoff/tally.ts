import type { BlobRef } from "../events.ts";

/** What a hand-over kept and dropped, by event type or by what it is: for the `handoff` row, and for a person. */
export interface Tally {
  /** `blob`: only the ends of it were at hand. */
  keep(what: string, blob?: BlobRef): void;
  drop(what: string, count?: number): void;
  unkeep(what: string): void;
  kept(): Record<string, number>;
  dropped(): Record<string, number>;
}

export function createTally(): Tally {
  const kept = new Map<string, number>();
  const dropped = new Map<string, number>();
  const add = (counts: Map<string, number>, what: string, by: number) => counts.set(what, (counts.get(what) ?? 0) + by);
  const sorted = (counts: ReadonlyMap<string, number>) =>
    Object.fromEntries([...counts].filter(([, count]) => count > 0).sort(([a], [b]) => (a < b ? -1 : 1)));
  return {
    keep(what, blob) {
      add(kept, what, 1);
      if (blob !== undefined) add(dropped, "middle_of_large_text", 1);
    },
    drop: (what, count = 1) => void add(dropped, what, count),
    unkeep: (what) => void add(kept, what, -1),
    kept: () => sorted(kept),
    dropped: () => sorted(dropped),
  };
}
