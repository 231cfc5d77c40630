import type { Chunk } from "../core/chunks.ts";
import { packChunks, unpackChunk } from "../core/chunks.ts";

/** So many small chunks behind a stream's packed part are worth a packing. */
export const LOOSE = 64;
/** Chunks of this size are left as they are. */
export const LARGE_BYTES = 16 * 1024;

/** A chunk as the folding sees it: of a large one only where it is. */
export type LooseChunk = Pick<Chunk, "start" | "count" | "crc"> & { readonly body: Uint8Array | null };

export interface Fold {
  /** Starts of the chunks that go. */
  readonly removed: readonly number[];
  readonly added: readonly Chunk[];
  /** Up to here nothing is left to pack. */
  readonly folded: number;
}

/** What is to be done with the chunks behind a stream's packed part, in order of their positions. */
export function planFold(chunks: readonly LooseChunk[], folded: number): Fold {
  const removed: number[] = [];
  const added: Chunk[] = [];
  let run: { start: number; messages: Uint8Array[] }[] = [];
  const pack = () => {
    const [first] = run;
    if (first && run.length > 1) {
      for (const { start } of run) removed.push(start);
      added.push(
        ...packChunks(
          first.start,
          run.flatMap(({ messages }) => messages),
        ),
      );
    }
    run = [];
  };
  for (const { body, ...chunk } of chunks) {
    // A damaged chunk stays as it is, for whoever reads it to be told.
    const messages = body ? unpackChunk({ ...chunk, body }) : undefined;
    if (messages) run.push({ start: chunk.start, messages });
    else pack();
  }
  pack();
  const last = chunks.at(-1);
  return { removed, added, folded: last ? last.start + last.count : folded };
}
