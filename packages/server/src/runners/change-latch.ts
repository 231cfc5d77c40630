import type { Store } from "@skein/store";
import type { CollectionName } from "../records/collections.ts";

/** Remembers that something changed since it was last waited for, so that no change falls between look and wait. */
export interface ChangeLatch {
  /** Resolves at the next change (or at once, after one), when the time is over, or when the signal aborts. */
  wait(ms: number, signal: AbortSignal): Promise<void>;
  close(): void;
}

export function watchCollections(store: Store, collections: readonly CollectionName[]): ChangeLatch {
  let changed = false;
  let wake: (() => void) | undefined;
  const listener = (): void => {
    changed = true;
    wake?.();
  };
  const unwatch = collections.map((collection) => store.watchCollection(collection, listener));
  return {
    async wait(ms, signal) {
      if (!changed && !signal.aborted && ms > 0) {
        await new Promise<void>((resolve) => {
          const end = (): void => {
            clearTimeout(timer);
            signal.removeEventListener("abort", end);
            resolve();
          };
          const timer = setTimeout(end, ms);
          wake = end;
          signal.addEventListener("abort", end, { once: true });
        });
        wake = undefined;
      }
      changed = false;
    },
    close() {
      for (const end of unwatch) end();
    },
  };
}
