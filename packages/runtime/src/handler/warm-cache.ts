import type { Fold } from "../client/index.ts";

/** A fold, and the position up to which the newest checkpoint of it goes. */
export interface WarmFold {
  readonly fold: Fold;
  readonly saved: number;
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
      const size = fold.types().reduce((sum, type) => sum + fold.rows(type).size, 1);
      kept.set(path, { shape, warm, rows: size });
      total += size;
      for (const oldest of kept.keys()) {
        if (kept.size <= streams && total <= rows) break;
        drop(oldest);
      }
    },
  };
}
