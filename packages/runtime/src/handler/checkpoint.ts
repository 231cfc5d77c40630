import { z } from "zod";
import type { Fold, Keep } from "../client/index.ts";
import { createFold } from "../client/index.ts";
import { rowsOf, type Saved } from "./warm-cache.ts";

/**
 * A fold as bytes, so that the next cold start reads its rows and what came since instead of the whole history. A line
 * says what it is, then there is a line for each row, in the order of the rows. It is believed only if it was made by
 * this version, from the same collections, and is whole; otherwise the log is read from its beginning.
 */
const VERSION = 1;

/** A stream is worth a checkpoint when so much of it is newer than the last one, and half as much as there are rows. */
const NEWS = 500;

/** Bytes; larger ones are not written. The server takes no larger ones either. */
export const MAX_CHECKPOINT = 4 * 1024 * 1024;

const header = z.object({
  v: z.literal(VERSION),
  shape: z.string(),
  position: z.number().int().min(0),
  rows: z.number().int().min(0),
});
type RowLine = readonly [type: string, key: string, position: number, value?: unknown];

/** Checked by hand and not by schema: there may be tens of thousands of them. */
function isRowLine(line: unknown): line is RowLine {
  if (!Array.isArray(line)) return false;
  const [type, key, position]: unknown[] = line;
  return typeof type === "string" && typeof key === "string" && Number.isSafeInteger(position);
}

/**
 * Amortised, so that writing checkpoints costs a few rows for each event, and reading on from one not much more; and
 * when most of what the last one has is gone from the fold.
 */
export function isWorthSaving(fold: Fold, saved: Saved): boolean {
  const rows = rowsOf(fold);
  return fold.position - saved.position >= Math.max(NEWS, rows / 2) || saved.rows >= NEWS + 2 * rows;
}

/** Whether there can be a checkpoint of a stream of which so much was read at some time. */
export function mayBeSaved(position: number): boolean {
  return position >= NEWS;
}

/** `undefined` when it would be too large. */
export function encodeCheckpoint(fold: Fold, shape: string): Uint8Array | undefined {
  const lines: string[] = [];
  let size = 0;
  for (const type of fold.types()) {
    for (const { key, value, position } of fold.rows(type).entries()) {
      const line = JSON.stringify(value === undefined ? [type, key, position] : [type, key, position, value]);
      // Characters are at least as many bytes; what is really too large is found out below.
      size += line.length + 1;
      if (size > MAX_CHECKPOINT) return undefined;
      lines.push(line);
    }
  }
  const head = JSON.stringify({ v: VERSION, shape, position: fold.position, rows: lines.length });
  const bytes = new TextEncoder().encode([head, ...lines].join("\n"));
  return bytes.length > MAX_CHECKPOINT ? undefined : bytes;
}

/** `undefined` when it is of another version or of other collections, or is not whole. */
export function decodeCheckpoint(
  bytes: Uint8Array,
  expected: { readonly shape: string; readonly keep: (type: string) => Keep; readonly trimmed?: TrimmedTypes },
): Fold | undefined {
  const [first = "", ...lines] = new TextDecoder().decode(bytes).split("\n");
  const head = header.safeParse(parse(first));
  if (!head.success || head.data.shape !== expected.shape || head.data.rows !== lines.length) return undefined;
  const fold = createFold({ keep: expected.keep, ...(expected.trimmed && { trimmed: expected.trimmed }) });
  for (const line of lines) {
    const row = parse(line);
    if (!isRowLine(row)) return undefined;
    const [type, key, position, value] = row;
    if (position >= head.data.position) return undefined;
    fold.rows(type).put(key, value, position);
  }
  fold.apply([], head.data.position);
  return fold;
}

type TrimmedTypes = (type: string) => boolean;

/**
 * Drops old rows of the types that an entity holds only the newest of: of those in front of `before`, which are dealt
 * with and change no more, the newest `remember` stay, so that it does not matter when it is done. What is not dealt
 * with yet stays in any case.
 */
export function trimFold(fold: Fold, types: Iterable<string>, remember: number, before: number): void {
  for (const type of types) {
    const rows = fold.rows(type);
    const old: string[] = [];
    for (const { key, position } of rows.entries()) {
      if (position >= before) break;
      old.push(key);
    }
    for (const key of old.slice(0, Math.max(0, old.length - remember))) rows.delete(key);
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
