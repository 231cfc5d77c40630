import type { Fold } from "../client/index.ts";

/** The newest checkpoint of a stream: how far it goes, and how many rows it has. */
export interface Saved {
  readonly position: number;
  readonly rows: number;
}

export interface WarmFold {
  readonly fold: Fold;
  readonly saved: Saved;
}

export function rowsOf(fold: Fold): number {
  return fold.types().reduce((sum, type) => sum + fold.rows(type).size, 0);
}

/** Folds of streams that were used lately, so that waking costs what is new. */
export interface WarmCache {
  /** Takes it out: a fold has one user at a time. */
  take(path: string, shape: string): WarmFold | undefined;
  put(path: string, shape: string, warm: WarmFold): void;
}

/** Bounded by the number of streams and by the rows in them, least recently used first out. */
export function createWarmCache({ streams = 500, rows = 1_000_000 } = {}): WarmCache {
  const kept = new Map<string, { readonly shape: string; readonly warm: WarmFold; readonly rows: number }>();
  let total = 0;
  const drop = (path: string): void => {
    const entry = kept.get(path);
    if (entry && kept.delete(path)) total -= entry.rows;
  };
  return {
    take(path, shape) {
      const entry = kept.get(path);
      drop(path);
      return entry?.shape === shape ? entry.warm : undefined;
    },
    put(path, shape, warm) {
      drop(path);
      const { fold } = warm;
      const size = 1 + rowsOf(fold);
      kept.set(path, { shape, warm, rows: size });
      total += size;
      for (const oldest of kept.keys()) {
        if (kept.size <= streams && total <= rows) break;
        drop(oldest);
      }
    },
  };
}
