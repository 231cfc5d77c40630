import { formatOffset, SkeinError } from "@skein/protocol";
import type { Client, Clock } from "../client/index.ts";
import { createBackoff, createRetryJudge } from "../client/index.ts";
import { decodeCheckpoint } from "./checkpoint.ts";
import type { StreamView, StreamViewOptions } from "./stream-view.ts";
import { createStreamView } from "./stream-view.ts";
import { rowsOf, type WarmFold } from "./warm-cache.ts";

export interface OpenOptions extends StreamViewOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Tells folds of different collections apart. */
  readonly shape: string;
  /** Reads the newest checkpoint. Absent where there cannot be one. */
  readonly checkpoint?: (() => Promise<Uint8Array | undefined>) | undefined;
}

/**
 * A view that has read its stream to the end. A warm fold, or else one from a checkpoint, is read on from where it is;
 * if the stream turns out not to be the one it came from, it is read anew. Rejects with `not_found` when there is no such stream.
 */
export async function openView(options: OpenOptions): Promise<StreamView> {
  const { warm: given, ...cold } = options;
  const warm = given ?? (await restore(options));
  if (warm) {
    const view = createStreamView({ ...cold, warm });
    try {
      await readOn(view, options);
      return view;
    } catch (error) {
      if (!(error instanceof SkeinError) || error.code !== "stream_gone") throw error;
    }
  }
  const view = createStreamView(cold);
  // A blind view only wants to know that the stream is there.
  if (options.blind) await options.client.readStream(options.path, { last: 1 }, options);
  else await readOn(view, options);
  return view;
}

async function restore({ checkpoint, shape, keep, trimmed }: OpenOptions): Promise<WarmFold | undefined> {
  const bytes = await checkpoint?.();
  const fold = bytes && decodeCheckpoint(bytes, { shape, keep, ...(trimmed && { trimmed }) });
  return fold && { fold, saved: { position: fold.position, rows: rowsOf(fold) } };
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
