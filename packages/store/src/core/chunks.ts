import { crc32 } from "node:zlib";

/**
 * A chunk is a row with consecutive messages of one stream. One message is its own body; several are the lengths
 * (32 bit, little end first) and then the messages. The checksum is over the body as stored.
 */
export interface Chunk {
  readonly start: number;
  readonly count: number;
  readonly crc: number;
  readonly body: Uint8Array;
}

/** Larger chunks would make short reads dear; a single message may be larger. */
export const MAX_CHUNK_BYTES = 64 * 1024;

export function packChunks(start: number, messages: readonly Uint8Array[]): Chunk[] {
  const chunks: Chunk[] = [];
  let from = 0;
  while (from < messages.length) {
    let to = from;
    let size = 0;
    for (; to < messages.length; to++) {
      const next = 4 + (messages[to]?.byteLength ?? 0);
      if (to > from && size + next > MAX_CHUNK_BYTES) break;
      size += next;
    }
    chunks.push(packChunk(start + from, messages.slice(from, to), size));
    from = to;
  }
  return chunks;
}

function packChunk(start: number, messages: readonly Uint8Array[], size: number): Chunk {
  const [only] = messages;
  if (only && messages.length === 1) return { start, count: 1, crc: crc32(only), body: only };
  const body = Buffer.allocUnsafe(size);
  let at = messages.length * 4;
  for (const [index, message] of messages.entries()) {
    body.writeUInt32LE(message.byteLength, index * 4);
    body.set(message, at);
    at += message.byteLength;
  }
  return { start, count: messages.length, crc: crc32(body), body };
}

/** The messages of a chunk, as views of its body; `undefined` when the bytes are not those that were written. */
export function unpackChunk({ count, crc, body }: Chunk): Uint8Array[] | undefined {
  if (crc32(body) !== crc) return undefined;
  if (count === 1) return [body];
  const lengths = new DataView(body.buffer, body.byteOffset, count * 4);
  const messages: Uint8Array[] = [];
  let at = count * 4;
  for (let index = 0; index < count; index++) {
    const length = lengths.getUint32(index * 4, true);
    messages.push(body.subarray(at, at + length));
    at += length;
  }
  return messages;
}
