import { SkeinError } from "@skein/protocol";
import type { Client, Clock, Fold } from "../client/index.ts";
import { createBackoff, createRetryJudge } from "../client/index.ts";
import { formatOffset } from "@skein/protocol";
import type { StreamView, StreamViewOptions } from "./stream-view.ts";
import { createStreamView } from "./stream-view.ts";

export interface OpenOptions extends StreamViewOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/**
 * A view that has read its stream to the end. A warm fold is read on from where it is; if the stream turns out not to
 * be the one it came from, it is read anew. Rejects with `not_found` when there is no such stream.
 */
export async function openView(options: OpenOptions): Promise<StreamView> {
  const { warm, ...cold } = options;
  if (warm) {
    const view = createStreamView(options);
    try {
      await readOn(view, options);
      return view;
    } catch (error) {
      if (!(error instanceof SkeinError) || error.code !== "stream_gone") throw error;
    }
  }
  const view = createStreamView(cold);
  await readOn(view, options);
  return view;
}

async function readOn(view: StreamView, { client, clock, path, signal }: OpenOptions): Promise<void> {
  const backoff = createBackoff({ clock, maxMs: 2_000 });
  const worthAnotherTry = createRetryJudge();
  for (;;) {
    try {
      const batch = await client.readStream(path, { from: formatOffset(view.fold.position) }, { signal });
      view.receive(batch);
      if (batch.upToDate) return;
      backoff.reset();
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      if (!worthAnotherTry(error)) throw error;
      await backoff.wait(signal);
    }
  }
}

/** Folds of streams that were used lately, so that waking costs what is new. */
export interface WarmCache {
  /** Takes it out: a fold has one user at a time. */
  take(path: string, shape: string): Fold | undefined;
  put(path: string, shape: string, fold: Fold): void;
}

/** Bounded by the number of streams and by the rows in them, least recently used first out. */
export function createWarmCache({ streams = 500, rows = 1_000_000 } = {}): WarmCache {
  const kept = new Map<string, { readonly shape: string; readonly fold: Fold; readonly rows: number }>();
  let total = 0;
  const drop = (path: string): void => {
    const entry = kept.get(path);
    if (entry && kept.delete(path)) total -= entry.rows;
  };
  return {
    take(path, shape) {
      const entry = kept.get(path);
      drop(path);
      return entry?.shape === shape ? entry.fold : undefined;
    },
    put(path, shape, fold) {
      drop(path);
      const size = fold.types().reduce((sum, type) => sum + fold.rows(type).size, 1);
      kept.set(path, { shape, fold, rows: size });
      total += size;
      for (const oldest of kept.keys()) {
        if (kept.size <= streams && total <= rows) break;
        drop(oldest);
      }
    },
  };
}
