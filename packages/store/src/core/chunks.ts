import { crc32 } from "node:zlib";
import type { Run } from "../store.ts";
import { lengthsOf, messagesOf, singleRun } from "./runs.ts";

/**
 * A chunk is a row with consecutive messages of one stream. One message is its own body; several are the lengths
 * (32 bit, little end first) and then the messages with a comma behind each, so that a JSON array of them is a range of
 * the bytes. Chunks of format 1 have no commas. The checksum is over the body as stored.
 */
export interface Chunk {
  readonly start: number;
  readonly count: number;
  readonly crc: number;
  readonly body: Uint8Array;
}

/** Larger chunks would make short reads dear; a single message may be larger. */
export const MAX_CHUNK_BYTES = 64 * 1024;

const COMMA = 0x2c;

export function packChunks(start: number, messages: readonly Uint8Array[]): Chunk[] {
  const chunks: Chunk[] = [];
  let from = 0;
  while (from < messages.length) {
    let to = from;
    let size = 0;
    for (; to < messages.length; to++) {
      const next = 5 + (messages[to]?.byteLength ?? 0);
      if (to > from && size + next > MAX_CHUNK_BYTES) break;
      size += next;
    }
    chunks.push(packChunk(start + from, messages.slice(from, to)));
    from = to;
  }
  return chunks;
}

/** All of them in one. */
export function packChunk(start: number, messages: readonly Uint8Array[]): Chunk {
  const [only] = messages;
  if (only && messages.length === 1) return { start, count: 1, crc: crc32(only), body: only };
  let size = 0;
  for (const { byteLength } of messages) size += 5 + byteLength;
  const body = Buffer.allocUnsafe(size);
  let at = messages.length * 4;
  for (const [index, message] of messages.entries()) {
    body.writeUInt32LE(message.byteLength, index * 4);
    body.set(message, at);
    at += message.byteLength;
    body[at++] = COMMA;
  }
  return { start, count: messages.length, crc: crc32(body), body };
}

/** The messages of a chunk; `undefined` when the bytes are not those that were written. */
export function openChunk(chunk: Chunk): Run | undefined {
  return crc32(chunk.body) === chunk.crc ? runOf(chunk) : undefined;
}

/** The same of a body that was checked already. */
export function runOf({ start, count, body }: Omit<Chunk, "crc">): Run {
  if (count === 1) return singleRun(start, body);
  const run = { start, count, lengths: body.subarray(0, count * 4), body: body.subarray(count * 4), comma: false };
  const messages = sumOf(run) === run.body.byteLength ? withCommas(run) : run.body;
  return { ...run, body: messages.subarray(0, -1), comma: true };
}

/** Of the lengths. */
function sumOf(run: Run): number {
  const lengths = lengthsOf(run);
  let sum = 0;
  for (let index = 0; index < run.count; index++) sum += lengths(index);
  return sum;
}

/** What stands in chunks of format 1 without commas, with them. */
function withCommas(run: Run): Uint8Array {
  const { count, body } = run;
  const lengths = lengthsOf(run);
  const out = Buffer.allocUnsafe(body.byteLength + count);
  let from = 0;
  for (let index = 0; index < count; index++) {
    const to = from + lengths(index);
    out.set(body.subarray(from, to), from + index);
    out[to + index] = COMMA;
    from = to;
  }
  return out;
}

/** The messages of a chunk one by one, as views of its body. */
export function unpackChunk(chunk: Chunk): Uint8Array[] | undefined {
  const run = openChunk(chunk);
  return run && messagesOf(run);
}
