import { bytesOf, messagesOf, type Run } from "@skein/store";
import type { Mode } from "./content-type.ts";

/**
 * Messages into the bytes of a response: a JSON array for JSON streams, the bytes one after the other for all others.
 * A run of a JSON stream goes in as it is kept.
 */
const OPEN = 0x5b;
const CLOSE = 0x5d;
const COMMA = 0x2c;

/** Of a range in parts, which it is: the first opens the array, the last closes it, and each other ends with a comma. */
export interface PartOf {
  readonly opens: boolean;
  readonly closes: boolean;
}

const WHOLE: PartOf = { opens: true, closes: true };

export function frameBody(mode: Mode, runs: readonly Run[], part: PartOf = WHOLE): Uint8Array<ArrayBuffer> {
  return mode === "json" ? frameJson(runs, part) : concat(runs);
}

/** Below it a piece costs more than its copy. */
const LARGE_PIECE = 16 * 1024;

/**
 * The same bytes in pieces: large runs of a JSON stream as they are, without a copy. A long range would otherwise be
 * allocated twice, and what collects that takes longer than the reading.
 */
export function framePieces(mode: Mode, runs: readonly Run[], part: PartOf): readonly Uint8Array[] {
  if (mode !== "json" || runs.length === 0 || sizeOf(runs) < runs.length * LARGE_PIECE)
    return [frameBody(mode, runs, part)];
  const pieces: Uint8Array[] = [];
  if (part.opens) pieces.push(OPENING);
  for (const [index, run] of runs.entries()) {
    const ends = part.closes && index === runs.length - 1;
    if (!ends && run.comma) pieces.push(withComma(run));
    else pieces.push(run.body, ends ? CLOSING : SEPARATOR);
  }
  return pieces;
}

function withComma({ body }: Run): Uint8Array {
  return new Uint8Array(body.buffer, body.byteOffset, body.byteLength + 1);
}

const OPENING = Buffer.from("[");
const SEPARATOR = Buffer.from(",");
const CLOSING = Buffer.from("]");

/** Bytes of the messages themselves. */
export function sizeOf(runs: readonly Run[]): number {
  let size = 0;
  for (const run of runs) size += bytesOf(run);
  return size;
}

function concat(runs: readonly Run[]): Uint8Array<ArrayBuffer> {
  const out = bytes(sizeOf(runs));
  let at = 0;
  for (const run of runs)
    for (const message of messagesOf(run)) {
      out.set(message, at);
      at += message.length;
    }
  return out;
}

function frameJson(runs: readonly Run[], { opens, closes }: PartOf): Uint8Array<ArrayBuffer> {
  let size = opens ? 1 : 0;
  for (const { body } of runs) size += body.length + 1;
  // The comma of the last one makes room for the bracket.
  const out = bytes(closes && runs.length === 0 ? size + 1 : size);
  let at = 0;
  if (opens) out[at++] = OPEN;
  for (const { body } of runs) {
    out.set(body, at);
    at += body.length;
    out[at++] = COMMA;
  }
  if (closes) out[runs.length === 0 ? at : at - 1] = CLOSE;
  return out;
}

/** Not zeroed: each byte is written. Small ones must not keep a shared block of memory alive. */
function bytes(size: number): Uint8Array<ArrayBuffer> {
  return Buffer.allocUnsafeSlow(size);
}
