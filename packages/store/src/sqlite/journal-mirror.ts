import { crc32 } from "node:zlib";
import { cutRun } from "../core/runs.ts";
import type { Run } from "../store.ts";
import { bytes, type Database, integer, integerOrNone, type Statement } from "./driver.ts";
import { unpackJournalRow } from "./journal-row.ts";

/**
 * The journal as a reader sees it, in memory: by stream. It follows from the table alone and is brought up to date
 * inside of each read's transaction, so it is of the same moment as everything else that is read. Rows that are gone
 * may still be here: what was in them stands in chunks as well, and is the same.
 */
export class JournalMirror {
  readonly #streams = new Map<number, Run[]>();
  #rows: { readonly seq: number; readonly streams: readonly number[] }[] = [];
  #known = 0;
  readonly #select: Statement;
  readonly #selectFirst: Statement;

  constructor(database: Database) {
    this.#select = database.prepare("SELECT seq, crc, body FROM journal WHERE seq > ? ORDER BY seq");
    this.#selectFirst = database.prepare("SELECT min(seq) AS seq FROM journal WHERE seq > 0");
  }

  refresh(): void {
    const before = this.#known;
    for (const found of this.#select.iterate(before)) {
      this.#known = integer(found["seq"]);
      const body = bytes(found["body"]);
      // Of a damaged row nothing is known: who needs it finds a hole.
      if (crc32(body) === integer(found["crc"])) this.#add(this.#known, body);
    }
    if (this.#known > before) this.#dropBelow(integerOrNone(this.#selectFirst.get()?.["seq"] ?? null) ?? 0);
  }

  #add(seq: number, body: Uint8Array): void {
    const entries = unpackJournalRow(body);
    for (const { stream, run } of entries) {
      const runs = this.#streams.get(stream);
      if (runs) runs.push(run);
      else this.#streams.set(stream, [run]);
    }
    this.#rows.push({ seq, streams: entries.map(({ stream }) => stream) });
  }

  /** Rows go in the order they came, so a stream loses its oldest run. */
  #dropBelow(first: number): void {
    const kept = this.#rows.findIndex(({ seq }) => seq >= first);
    const gone = kept < 0 ? this.#rows.splice(0) : this.#rows.splice(0, kept);
    for (const { streams } of gone)
      for (const stream of streams) {
        const runs = this.#streams.get(stream);
        runs?.shift();
        if (runs?.length === 0) this.#streams.delete(stream);
      }
  }

  /** What is here of a range of a stream, in order, and in between what has to be in chunks. */
  layOut(stream: number, low: number, high: number): (Run | Gap)[] {
    return layOut(this.#streams.get(stream) ?? [], low, high);
  }
}

export interface Gap {
  readonly low: number;
  readonly high: number;
}

/** Exported for tests. `held` is in order and overlaps nowhere. */
export function layOut(held: readonly Run[], low: number, high: number): (Run | Gap)[] {
  const parts: (Run | Gap)[] = [];
  let at = low;
  for (let index = firstBehind(held, low); at < high; index++) {
    const run = held[index];
    const begin = Math.min(high, run ? run.start : high);
    if (at < begin) parts.push({ low: at, high: begin });
    const part = run && cutRun(run, at, high);
    if (!run || !part) return parts;
    parts.push(part);
    at = part.start + part.count;
  }
  return parts;
}

/** Index of the first run that reaches beyond `low`. */
function firstBehind(held: readonly Run[], low: number): number {
  let from = 0;
  let to = held.length;
  while (from < to) {
    const middle = (from + to) >> 1;
    const run = held[middle];
    if (run && run.start + run.count <= low) from = middle + 1;
    else to = middle;
  }
  return from;
}
