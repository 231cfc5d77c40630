import { procTable, type ProcessInfo } from "@skein/coder";

/** What runs of a home's agents. */
export function marked(home: string): Promise<readonly ProcessInfo[]> {
  return procTable().find((marker) => marker.startsWith(`${home}:`));
}

export async function stillAlive(before: readonly ProcessInfo[]): Promise<readonly ProcessInfo[]> {
  const now = await procTable().find(() => true);
  return before.filter(({ pid, startedAt }) => now.some((one) => one.pid === pid && one.startedAt === startedAt));
}

/** A small generator of random numbers with a seed (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
