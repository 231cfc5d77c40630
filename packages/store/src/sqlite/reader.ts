import { SkeinError } from "@skein/protocol";
import { openChunk } from "../core/chunks.ts";
import { cursorOf, idRange, indexRange, textBytes } from "../core/index-keys.ts";
import type { Span } from "../core/lineage.ts";
import { locate, spansOf } from "../core/lineage.ts";
import { Page, planRead, takeChunk } from "../core/read-range.ts";
import type { ProducerRow, RecordRow, StreamRow } from "../core/rows.ts";
import { visibleRow } from "../core/rows.ts";
import { storedRecord } from "../memory/records.ts";
import type { ReadRange, RecordPage, RecordQuery, RunsOutcome } from "../store.ts";
import { chunkOf } from "./chunk-rows.ts";
import type { Database, SqlRow, Statement } from "./driver.ts";
import { integer, text } from "./driver.ts";
import { JournalMirror } from "./journal-mirror.ts";
import { STREAM_COLUMNS, streamRow } from "./stream-rows.ts";

/**
 * Reads on a connection of its own, which sees what is committed and synced and nothing else. Every statement is a
 * range of a key with both ends bound, so that its cost is that of what it gives.
 */
export class Reader {
  readonly #database: Database;
  readonly #begin: Statement;
  readonly #end: Statement;
  readonly #selectStream: Statement;
  readonly #selectProducer: Statement;
  readonly #listStreams: Statement;
  readonly #chunksForward: Statement;
  readonly #chunksBackward: Statement;
  readonly #selectRecord: Statement;
  readonly #selectIndex: Statement;
  readonly #journal: JournalMirror;
  readonly #queries = new Map<string, Statement>();

  constructor(database: Database) {
    this.#database = database;
    const chunks =
      "SELECT start, count, crc, body FROM chunks WHERE stream = ?1 AND start < ?3 AND start >= " +
      "ifnull((SELECT max(start) FROM chunks WHERE stream = ?1 AND start <= ?2), ?2) ORDER BY start";
    this.#journal = new JournalMirror(database);
    this.#begin = database.prepare("BEGIN");
    this.#end = database.prepare("COMMIT");
    this.#selectStream = database.prepare(`SELECT ${STREAM_COLUMNS} FROM streams WHERE path = ?`);
    this.#selectProducer = database.prepare("SELECT epoch, seq FROM producers WHERE stream = ? AND producer = ?");
    this.#listStreams = database.prepare(
      `SELECT ${STREAM_COLUMNS} FROM streams WHERE path >= ?1 AND path < ?1 || char(1114111, 1114111) AND path > ?2 ` +
        "AND deleted = 0 AND (expires_at IS NULL OR expires_at > ?3) ORDER BY path LIMIT ?4",
    );
    this.#chunksForward = database.prepare(chunks);
    this.#chunksBackward = database.prepare(`${chunks} DESC`);
    this.#selectRecord = database.prepare("SELECT id, version, json FROM records WHERE collection = ? AND id = ?");
    this.#selectIndex = database.prepare("SELECT id FROM indexes WHERE collection = ? AND name = ?");
  }

  row(path: string, now: number): StreamRow | undefined {
    return visibleRow(this.#storedRow(path), now);
  }

  #storedRow(path: string): StreamRow | undefined {
    const found = this.#selectStream.get(path);
    return found && streamRow(found);
  }

  producer(streamId: number, producerId: string): ProducerRow | undefined {
    const found = this.#selectProducer.get(streamId, producerId);
    return found && { epoch: integer(found["epoch"]), seq: integer(found["seq"]) };
  }

  list(query: { prefix: string; after?: string; limit: number }, now: number): StreamRow[] {
    return this.#listStreams.all(query.prefix, query.after ?? "", now, query.limit).map(streamRow);
  }

  /** One moment for all of it: a deletion meanwhile must not take away the second half. */
  read(path: string, range: ReadRange, now: number): RunsOutcome {
    this.#begin.run();
    try {
      this.#journal.refresh();
      return this.#readNow(path, range, now);
    } finally {
      this.#end.run();
    }
  }

  #readNow(path: string, range: ReadRange, now: number): RunsOutcome {
    const row = this.row(path, now);
    if (!row) return { kind: "not-found" };
    const plan = planRead(row, range);
    if (plan.kind === "gone") return plan;
    const page = new Page(plan);
    const located = locate(row, plan.low, plan.high);
    for (const span of spansOf(located, plan.direction, (ancestor) => this.#storedRow(ancestor))) {
      if (page.full) break;
      this.#readSpan(path, span, plan.direction === "forward", page);
    }
    return page.outcome(row);
  }

  #readSpan(path: string, span: Span, forward: boolean, page: Page): void {
    const parts = this.#journal.layOut(span.stream, span.low, span.high);
    for (const part of forward ? parts : parts.toReversed()) {
      if (page.full) return;
      if ("body" in part) page.take(part);
      else this.#readChunks(path, { stream: span.stream, ...part }, forward, page);
    }
  }

  #readChunks(path: string, span: Span, forward: boolean, page: Page): void {
    const statement = forward ? this.#chunksForward : this.#chunksBackward;
    let at = forward ? span.low : span.high;
    for (const found of statement.iterate(span.stream, span.low, span.high)) {
      const chunk = chunkOf(found);
      const run = openChunk(chunk);
      if (!run) throw damaged(path, chunk.start);
      const taken = takeChunk(run, span, at, forward, page);
      if (taken === undefined) throw damaged(path, at);
      if (page.full) return;
      at = taken;
    }
    if (at !== (forward ? span.high : span.low)) throw damaged(path, at);
  }

  record<T>(collection: string, id: string) {
    const found = this.#selectRecord.get(collection, id);
    return found && storedRecord<T>(id, recordRow(found));
  }

  query<T>(query: RecordQuery): RecordPage<T> {
    const found =
      query.index === undefined ? this.#queryIds(query) : this.#queryIndex(query, this.#indexId(query, query.index));
    const page = found.slice(0, query.limit);
    const records = page.map((row) => storedRecord<T>(text(row["id"]), recordRow(row)));
    const last = page.at(-1);
    if (found.length === page.length || !last) return { records };
    const { key } = last;
    return {
      records,
      next: cursorOf(key instanceof Uint8Array ? Buffer.from(key).toString("latin1") : textBytes(text(last["id"]))),
    };
  }

  #queryIndex(query: RecordQuery, idx: number): SqlRow[] {
    const { low, high } = indexRange(query);
    const order = query.descending ? "DESC" : "ASC";
    return this.#query(
      "SELECT e.key, r.id, r.version, r.json FROM entries e CROSS JOIN records r ON r.collection = ?1 AND r.id = e.id " +
        `WHERE e.idx = ?2 AND e.key >= ?3 AND e.key < ?4 ORDER BY e.key ${order} LIMIT ?5`,
    ).all(query.collection, idx, Buffer.from(low, "latin1"), Buffer.from(high, "latin1"), query.limit + 1);
  }

  #queryIds(query: RecordQuery): SqlRow[] {
    const { low, high } = idRange(query);
    const order = query.descending ? "DESC" : "ASC";
    return this.#query(
      "SELECT id, version, json FROM records WHERE collection = ?1 AND id >= CAST(?2 AS TEXT) AND id < ?3 " +
        `ORDER BY id ${order} LIMIT ?4`,
    ).all(query.collection, Buffer.from(low, "latin1"), idBound(high), query.limit + 1);
  }

  #indexId(query: RecordQuery, name: string): number {
    const found = this.#selectIndex.get(query.collection, name);
    if (!found) throw new TypeError(`${query.collection} has no index ${name}`);
    return integer(found["id"]);
  }

  #query(sql: string): Statement {
    const statement = this.#queries.get(sql) ?? this.#database.prepare(sql);
    this.#queries.set(sql, statement);
    return statement;
  }

  close(): void {
    this.#database.close();
  }
}

function recordRow(row: SqlRow): RecordRow {
  return { version: integer(row["version"]), json: text(row["json"]) };
}

/** A bound in bytes as SQLite compares ids: text as text, and the one behind every id as a blob, which text is below. */
function idBound(high: string): string | Uint8Array {
  return high.startsWith("\xff") ? new Uint8Array() : Buffer.from(high, "latin1").toString("utf8");
}

function damaged(path: string, position: number): SkeinError {
  return new SkeinError(
    "internal",
    `The store's file is damaged: ${path} cannot be read at position ${position}. Restore it from a backup.`,
  );
}
