import { crc32 } from "node:zlib";
import { packChunk, packChunks } from "../core/chunks.ts";
import type { Appended, Changes } from "../core/draft.ts";
import { messagesOf } from "../core/runs.ts";
import type { Run } from "../store.ts";
import { bytes, type Database, integer, integerOrNone, type Statement } from "./driver.ts";
import { type JournalEntry, packJournalRow, unpackJournalRow } from "./journal-row.ts";

export interface JournalBounds {
  /** What waits in it, about: it is kept in memory by the writer and by who reads. */
  readonly bytes: number;
  /** A stream's part of it is moved into a chunk of its own when it has this to twice this size. */
  readonly foldBytes: number;
}

export const JOURNAL_BOUNDS: JournalBounds = { bytes: 2 * 1024 * 1024, foldBytes: 16 * 1024 };
/** Streams whose parts are moved with one group, at most, or as many as the group wrote to: the first would wait. */
const FOLDS_PER_GROUP = 64;

interface Row {
  readonly seq: number;
  readonly bytes: number;
  readonly streams: readonly number[];
  /** Streams whose part of it was not moved yet. */
  live: number;
}

interface Pending {
  readonly runs: Run[];
  readonly rows: Row[];
  bytes: number;
}

/**
 * Writes appended messages. Those of one group go into one row of the journal, so that a group costs the same
 * whether it went to one stream or to a hundred; a stream's messages are moved into a chunk of its own when there are
 * enough of them, in the transaction of a later group and so without a sync of its own. Invariants:
 *  - in every committed state each message is in a chunk, in the journal, or in both and then the same;
 *  - what is moved from a row stays in it until nothing of the row is needed, and rows go in the order they came;
 *  - numbers of rows only grow while the store is open.
 * The caller owns the transaction; when it fails, `forget`.
 */
export class JournalWriter {
  readonly #bounds: JournalBounds;
  readonly #pending = new Map<number, Pending>();
  #rows: Row[] = [];
  #bytes = 0;
  #seq = 0;
  #loaded = false;
  readonly #select: Statement;
  readonly #selectFirst: Statement;
  readonly #selectLast: Statement;
  readonly #chunksEnd: Statement;
  readonly #streamExists: Statement;
  readonly #insert: Statement;
  readonly #delete: Statement;
  readonly #setAside: Statement;
  readonly #insertChunk: Statement;

  constructor(database: Database, bounds: JournalBounds = JOURNAL_BOUNDS) {
    this.#bounds = bounds;
    this.#select = database.prepare("SELECT seq, crc, body FROM journal WHERE seq > ? ORDER BY seq");
    this.#selectLast = database.prepare("SELECT max(seq) AS seq FROM journal");
    this.#chunksEnd = database.prepare("SELECT start, count FROM chunks WHERE stream = ? ORDER BY start DESC LIMIT 1");
    this.#streamExists = database.prepare("SELECT 1 AS one FROM streams WHERE id = ?");
    this.#insert = database.prepare("INSERT INTO journal(seq, crc, body) VALUES(?, ?, ?)");
    this.#delete = database.prepare("DELETE FROM journal WHERE seq > 0 AND seq <= ?");
    this.#selectFirst = database.prepare("SELECT min(seq) AS seq FROM journal");
    this.#setAside = database.prepare("UPDATE journal SET seq = ? WHERE seq = ?");
    this.#insertChunk = database.prepare("INSERT INTO chunks(stream, start, count, crc, body) VALUES(?, ?, ?, ?, ?)");
  }

  write({ purged, appended }: Pick<Changes, "purged" | "appended">): void {
    this.#load();
    for (const id of purged) this.#release(id);
    const entries: JournalEntry[] = [];
    for (const [stream, { start, messages }] of appended) {
      let size = this.#pending.get(stream)?.bytes ?? 0;
      for (const { byteLength } of messages) size += byteLength;
      if (size >= this.#foldBytes(stream)) this.#fold(stream, { start, messages });
      else entries.push({ stream, ...packChunk(start, messages) });
    }
    if (entries.length > 0) this.#addRow(entries);
    this.#shrink(this.#bounds.bytes, Math.max(FOLDS_PER_GROUP, 2 * entries.length));
  }

  /** Moves everything, so that nothing is left to do when the store is opened again. */
  settle(): void {
    this.#load();
    this.#shrink(0, Number.POSITIVE_INFINITY);
  }

  /** True when `settle` would change something. */
  get waits(): boolean {
    this.#load();
    return this.#rows.length > 0;
  }

  #addRow(entries: readonly JournalEntry[]): void {
    const body = packJournalRow(entries);
    const seq = ++this.#seq;
    this.#insert.run(seq, crc32(body), body);
    this.#keep(seq, body);
  }

  /** Remembers a row by views of its body, and so nothing else that came with the commits. */
  #keep(seq: number, body: Uint8Array, wanted: (stream: number, run: Run) => boolean = () => true): void {
    const entries = unpackJournalRow(body).filter(({ stream, run }) => wanted(stream, run));
    const streams = entries.map(({ stream }) => stream);
    const row: Row = { seq, bytes: body.byteLength, streams, live: streams.length };
    this.#rows.push(row);
    this.#bytes += row.bytes;
    for (const { stream, run } of entries) {
      const pending = this.#pending.get(stream) ?? { runs: [], rows: [], bytes: 0 };
      this.#pending.set(stream, pending);
      pending.runs.push(run);
      pending.rows.push(row);
      pending.bytes += run.body.byteLength;
    }
  }

  /** Moves streams of the oldest rows until the rest is small enough, and removes the rows that nobody needs. */
  #shrink(target: number, budget: number): void {
    let left = budget;
    let dead: Row | undefined;
    for (let row = this.#rows[0]; row; row = this.#rows[0]) {
      if (row.live > 0) {
        if (this.#bytes <= target || left <= 0) break;
        for (const stream of row.streams) {
          if (left <= 0) break;
          // Its rows are in order, so if this one is among them it is the first.
          if (this.#pending.get(stream)?.rows[0] !== row) continue;
          this.#fold(stream);
          left--;
        }
        if (row.live > 0) break;
      }
      dead = row;
      this.#bytes -= row.bytes;
      this.#rows.shift();
    }
    if (dead) this.#delete.run(dead.seq);
  }

  /** A chunk (or several) of what waits of a stream, and of what comes behind it. */
  #fold(stream: number, behind?: Appended): void {
    const runs = this.#pending.get(stream)?.runs ?? [];
    const parts = runs.map((run): Appended => ({ start: run.start, messages: messagesOf(run) }));
    if (behind) parts.push(behind);
    for (const { start, messages } of joined(parts))
      for (const chunk of packChunks(start, messages))
        this.#insertChunk.run(stream, chunk.start, chunk.count, chunk.crc, chunk.body);
    this.#release(stream);
  }

  /** Streams that are written to side by side are not all moved with the same group. */
  #foldBytes(stream: number): number {
    return this.#bounds.foldBytes * (1 + ((stream * 40_503) % 64) / 64);
  }

  #release(stream: number): void {
    for (const row of this.#pending.get(stream)?.rows ?? []) row.live--;
    this.#pending.delete(stream);
  }

  /** A transaction failed: what is remembered may never have been. */
  forget(): void {
    this.#loaded = false;
  }

  #load(): void {
    if (this.#loaded) return;
    this.#pending.clear();
    this.#rows = [];
    this.#bytes = 0;
    const ends = new Map<number, number>();
    const damaged: number[] = [];
    for (const found of this.#select.iterate(0)) {
      const body = bytes(found["body"]);
      const seq = integer(found["seq"]);
      if (crc32(body) === integer(found["crc"]))
        this.#keep(seq, body, (stream, run) => this.#isWanted(stream, run, ends));
      else damaged.push(seq);
    }
    // Kept out of the way: who reads what was in them is told, and nothing is thrown away.
    for (const seq of damaged) this.#setAside.run(Math.min(numberIn(this.#selectFirst), 0) - 1, seq);
    this.#seq = Math.max(this.#seq, numberIn(this.#selectLast));
    this.#loaded = true;
  }

  /** Not what was moved already, nor what a deleted stream has left. */
  #isWanted(stream: number, run: Run, ends: Map<number, number>): boolean {
    let end = ends.get(stream);
    if (end === undefined) {
      const last = this.#chunksEnd.get(stream);
      const there = this.#streamExists.get(stream) !== undefined;
      end = !there ? Number.POSITIVE_INFINITY : last ? integer(last["start"]) + integer(last["count"]) : 0;
      ends.set(stream, end);
    }
    return run.start >= end;
  }
}

function numberIn(statement: Statement): number {
  return integerOrNone(statement.get()?.["seq"] ?? null) ?? 0;
}

/** What follows one another as one; where something is missing in between, it stays missing. */
function joined(parts: readonly Appended[]): Appended[] {
  const whole: { start: number; messages: Uint8Array[] }[] = [];
  for (const { start, messages } of parts) {
    const last = whole.at(-1);
    if (last && last.start + last.messages.length === start)
      for (const message of messages) last.messages.push(message);
    else whole.push({ start, messages: [...messages] });
  }
  return whole;
}
