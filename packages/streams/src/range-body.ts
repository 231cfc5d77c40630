import type { RunsOutcome, Store } from "@skein/store";
import type { Mode } from "./content-type.ts";
import { framePieces, sizeOf } from "./framing.ts";
import type { Parts } from "./pulled-response.ts";

/**
 * A long range of a stream as one body that is read from the store as its reader takes it: a part at a time, so that
 * neither the process's memory nor its event loop feels how long the range is.
 */
type Read = Extract<RunsOutcome, { kind: "read" }>;

/**
 * Where a response that begins with `first` ends: at the stream's end, or about where `maxBytes` are full, judged by
 * the first part. The same range has the same end each time, so that it can be cached.
 */
export function endOfRange({ runs, stream, start, next }: Read, maxBytes: number): number {
  if (next >= stream.head) return next;
  const parts = Math.max(1, Math.floor(maxBytes / Math.max(1, sizeOf(runs))));
  return Math.min(stream.head, start + (next - start) * parts);
}

/** The messages from `first` to `end`. Fails when the stream goes in the middle: what was read is no whole range. */
export function rangeParts(store: Store, mode: Mode, first: Read, end: number, partBytes: number): Parts {
  const { id, createdAt, path } = first.stream;
  let at = first.start;
  // Let go when it has been given: who reads slowly holds what is on its way, and nothing behind it.
  let ready: Read | undefined = first;
  const read = async (): Promise<Read> => {
    const outcome = await store.readRuns(path, { from: at, limit: end - at, maxBytes: partBytes });
    if (outcome.kind !== "read" || outcome.stream.id !== id || outcome.stream.createdAt !== createdAt) {
      throw new Error("The stream was deleted while it was read.");
    }
    if (outcome.next <= at) throw new Error("The store gave nothing of what it has.");
    return outcome;
  };
  let opens = true;
  return {
    async next() {
      if (!opens && at >= end) return undefined;
      const { runs, next } = ready ?? (await read());
      ready = undefined;
      at = next;
      const part = framePieces(mode, runs, { opens, closes: at >= end });
      opens = false;
      return part;
    },
    cancel: () => {
      ready = undefined;
    },
  };
}
