import { type Chunk, runOf } from "../core/chunks.ts";
import type { Run } from "../store.ts";

/**
 * A row of the journal: what one group of commits appended to many streams, a little to each. The number of entries,
 * then for each its stream, start, count and length, then their bodies in the form of chunks.
 */
export interface JournalEntry extends Omit<Chunk, "crc"> {
  readonly stream: number;
}

const HEAD_BYTES = 4;
const ENTRY_BYTES = 24;

export function packJournalRow(entries: readonly JournalEntry[]): Buffer {
  let size = HEAD_BYTES + entries.length * ENTRY_BYTES;
  for (const { body } of entries) size += body.byteLength;
  const row = Buffer.allocUnsafeSlow(size);
  row.writeUInt32LE(entries.length, 0);
  let head = HEAD_BYTES;
  let at = HEAD_BYTES + entries.length * ENTRY_BYTES;
  for (const { stream, start, count, body } of entries) {
    row.writeDoubleLE(stream, head);
    row.writeDoubleLE(start, head + 8);
    row.writeUInt32LE(count, head + 16);
    row.writeUInt32LE(body.byteLength, head + 20);
    row.set(body, at);
    head += ENTRY_BYTES;
    at += body.byteLength;
  }
  return row;
}

/** The entries of a row whose checksum is right, as views of it. */
export function unpackJournalRow(row: Uint8Array): { readonly stream: number; readonly run: Run }[] {
  const view = new DataView(row.buffer, row.byteOffset, row.byteLength);
  const entries: { stream: number; run: Run }[] = [];
  const count = view.getUint32(0, true);
  let at = HEAD_BYTES + count * ENTRY_BYTES;
  for (let index = 0; index < count; index++) {
    const head = HEAD_BYTES + index * ENTRY_BYTES;
    const end = at + view.getUint32(head + 20, true);
    const body = row.subarray(at, end);
    const run = runOf({ start: view.getFloat64(head + 8, true), count: view.getUint32(head + 16, true), body });
    entries.push({ stream: view.getFloat64(head, true), run });
    at = end;
  }
  return entries;
}
