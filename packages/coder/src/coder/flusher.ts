import type { Clock } from "../clock.ts";

/** Commits what the handler wrote: soon, in batches, and one commit at a time. */
export interface Flusher {
  /** Within a short while, together with what comes until then; at once when that is much. */
  soon(bytes: number): void;
  /** Everything written so far is durable when it resolves; rejects when a commit was refused. */
  now(): Promise<void>;
  stop(): void;
}

const BATCH_MS = 40;
const BATCH_BYTES = 256 * 1024;

export function createFlusher(deps: {
  readonly clock: Clock;
  readonly flush: () => Promise<void>;
  /** A commit in the background was refused: told once. */
  readonly onRefused: (error: unknown) => void;
}): Flusher {
  let cancel: (() => void) | undefined;
  let waiting = 0;
  let tail: Promise<void> = Promise.resolve();
  let refused: { readonly error: unknown } | undefined;

  function unschedule(): void {
    cancel?.();
    cancel = undefined;
    waiting = 0;
  }

  function commit(): Promise<void> {
    unschedule();
    const next = commitAfter(tail);
    tail = next.catch((error: unknown) => {
      if (refused !== undefined) return;
      refused = { error };
      deps.onRefused(error);
    });
    return next;
  }

  async function commitAfter(before: Promise<void>): Promise<void> {
    await before;
    if (refused !== undefined) throw refused.error;
    await deps.flush();
  }

  // Whoever is to know of a refusal is told by `onRefused`, and by the next commit.
  const commitInBackground = (): void => void commit().catch(() => undefined);

  return {
    soon(bytes) {
      waiting += bytes;
      if (waiting >= BATCH_BYTES) commitInBackground();
      else cancel ??= deps.clock.after(BATCH_MS, commitInBackground);
    },
    now: commit,
    stop: unschedule,
  };
}
