import type pg from "pg";
import { SkeinError } from "@skein/protocol";
import { openChunk } from "../core/chunks.ts";
import { cursorOf, idRange, indexRange, textBytes } from "../core/index-keys.ts";
import type { Located, Span } from "../core/lineage.ts";
import { locate, locateIn } from "../core/lineage.ts";
import { Page, planRead, takeChunk } from "../core/read-range.ts";
import type { ProducerRow, RecordRow, StreamRow } from "../core/rows.ts";
import { visibleRow } from "../core/rows.ts";
import { storedRecord } from "../memory/records.ts";
import type { ReadRange, RecordPage, RecordQuery, RunsOutcome, StoredRecord } from "../store.ts";
import type { IndexTables } from "./schema.ts";
import { readStreamRow } from "./stream-rows.ts";

/** Chunk rows of one round trip, at most. */
const SLICE = 512;
/** A stream may be deleted, or deleted and made anew, between the reading of its row and of its messages. */
const MAX_TRIES = 4;

const SELECT_STREAM = `SELECT to_json(s) AS row FROM skein.streams s WHERE path = $1
  UNION ALL SELECT to_json(s) FROM skein.live_streams s WHERE path = $1`;

const SELECT_PRODUCER = `SELECT epoch, seq FROM skein.producers WHERE stream = $1 AND producer = $2
  UNION ALL SELECT epoch, seq FROM skein.live_producers WHERE stream = $1 AND producer = $2`;

const LIST_STREAMS = `SELECT row FROM (
  (SELECT path, to_json(s) AS row FROM skein.streams s WHERE path > $1 AND path >= $2 AND path < $3
    AND NOT deleted AND (expires_at IS NULL OR expires_at > $4) ORDER BY path LIMIT $5)
  UNION ALL
  (SELECT path, to_json(s) AS row FROM skein.live_streams s WHERE path > $1 AND path >= $2 AND path < $3
    AND NOT deleted AND (expires_at IS NULL OR expires_at > $4) ORDER BY path LIMIT $5)
  ) AS found ORDER BY path LIMIT $5`;

/**
 * Both ends of the range are bound, so the plan cannot go wrong with a long stream, and the slice is cut by rows and
 * then by bytes, so the answer cannot be larger than what was asked for by more than one chunk.
 */
const chunksOf = (table: string, forward: boolean) => `SELECT start, count, crc, body FROM (
  SELECT start, count, crc, body, sum(octet_length(body)) OVER (ORDER BY start ${forward ? "" : "DESC"}) - octet_length(body) AS before
  FROM (SELECT start, count, crc, body FROM ${table} WHERE stream = $1 AND start < $3 AND start >=
    coalesce((SELECT max(start) FROM ${table} WHERE stream = $1 AND start <= $2 AND start > $2 - 1000000), $2)
    ORDER BY start ${forward ? "" : "DESC"} LIMIT ${SLICE}) AS slice) AS counted WHERE before < $4 ORDER BY start ${forward ? "" : "DESC"}`;

interface ChunkRow {
  readonly start: number;
  readonly count: number;
  readonly crc: number;
  readonly body: Buffer;
}

/** Reads on connections of their own, each of which sees what is committed. */
export class Reader {
  readonly #pool: pg.Pool;
  readonly #indexes: IndexTables;

  constructor(pool: pg.Pool, indexes: IndexTables) {
    this.#pool = pool;
    this.#indexes = indexes;
  }

  /** `spansOf`, with the ancestors' rows fetched when they are needed. */
  async *#spans(located: readonly Located[], forward: boolean): AsyncGenerator<Span> {
    for (const one of forward ? located : located.toReversed())
      if (one.in === undefined) yield one;
      else yield* this.#spans(locateIn(await this.#storedRow(one.in), one), forward);
  }

  async row(path: string, now: number): Promise<StreamRow | undefined> {
    return visibleRow(await this.#storedRow(path), now);
  }

  async #storedRow(path: string): Promise<StreamRow | undefined> {
    if (!canExist(path)) return undefined;
    const { rows } = await this.#pool.query<{ row: unknown }>({
      name: "skein-stream",
      text: SELECT_STREAM,
      values: [path],
    });
    return rows[0] && readStreamRow(rows[0].row);
  }

  async rows(paths: readonly string[]): Promise<StreamRow[]> {
    const { rows } = await this.#pool.query<{ row: unknown }>({
      name: "skein-streams",
      text: `SELECT to_json(s) AS row FROM skein.streams s WHERE path = ANY($1::text[])
        UNION ALL SELECT to_json(s) FROM skein.live_streams s WHERE path = ANY($1::text[])`,
      values: [paths.filter(canExist)],
    });
    return rows.map(({ row }) => readStreamRow(row));
  }

  async producer(streamId: number, producerId: string): Promise<ProducerRow | undefined> {
    if (!canExist(producerId)) return undefined;
    const { rows } = await this.#pool.query<ProducerRow>({
      name: "skein-producer",
      text: SELECT_PRODUCER,
      values: [streamId, producerId],
    });
    return rows[0];
  }

  async list(query: { prefix: string; after?: string; limit: number }, now: number): Promise<StreamRow[]> {
    const { rows } = await this.#pool.query<{ row: unknown }>({
      name: "skein-list",
      text: LIST_STREAMS,
      // Behind every path that begins with the prefix: text is compared by its bytes, and no text has this code point.
      values: [query.after ?? "", query.prefix, `${query.prefix}\u{10ffff}\u{10ffff}`, now, query.limit],
    });
    return rows.map(({ row }) => readStreamRow(row));
  }

  async read(path: string, range: ReadRange, now: number): Promise<RunsOutcome> {
    for (let tries = 1; ; tries++) {
      const row = await this.row(path, now);
      if (!row) return { kind: "not-found" };
      const plan = planRead(row, range);
      if (plan.kind === "gone") return plan;
      const page = new Page(plan);
      const forward = plan.direction === "forward";
      let broken: number | undefined;
      for await (const span of this.#spans(locate(row, plan.low, plan.high), forward)) {
        broken = await this.#readSpan(row, span, forward, page, plan.maxBytes);
        if (page.full || broken !== undefined) break;
      }
      if (broken === undefined) return page.outcome(row);
      if (tries === MAX_TRIES) throw damaged(path, broken);
    }
  }

  /** The position that was not there as its row says, if any. */
  async #readSpan(
    row: StreamRow,
    span: Span,
    forward: boolean,
    page: Page,
    maxBytes: number,
  ): Promise<number | undefined> {
    const live = row.ephemeral !== undefined;
    const text = chunksOf(live ? "skein.live_chunks" : "skein.chunks", forward);
    const name = `skein-chunks-${live ? "live" : "durable"}-${forward ? "forward" : "backward"}`;
    let at = forward ? span.low : span.high;
    while (forward ? at < span.high : at > span.low) {
      const values = forward ? [span.stream, at, span.high, maxBytes] : [span.stream, span.low, at, maxBytes];
      const { rows } = await this.#pool.query<ChunkRow>({ name, text, values });
      const before = at;
      for (const chunk of rows) {
        const run = openChunk(chunk);
        if (!run) return chunk.start;
        const taken = takeChunk(run, span, at, forward, page);
        if (taken === undefined) return at;
        if (page.full) return undefined;
        at = taken;
      }
      if (at === before) return at;
    }
    return undefined;
  }

  async record<T>(collection: string, id: string): Promise<StoredRecord<T> | undefined> {
    if (!canExist(id)) return undefined;
    const { rows } = await this.#pool.query<RecordRow>({
      name: "skein-record",
      text: "SELECT version, json FROM skein.records WHERE collection = $1 AND id = $2",
      values: [collection, id],
    });
    return rows[0] && storedRecord<T>(id, rows[0]);
  }

  async query<T>(query: RecordQuery): Promise<RecordPage<T>> {
    const found = query.index === undefined ? await this.#queryIds(query) : await this.#queryIndex(query, query.index);
    const page = found.slice(0, query.limit);
    const records = page.map(({ id, version, json }) => storedRecord<T>(id, { version, json }));
    const last = page.at(-1);
    if (found.length === page.length || !last) return { records };
    return { records, next: cursorOf(last.key ? last.key.toString("latin1") : textBytes(last.id)) };
  }

  async #queryIndex(query: RecordQuery, name: string): Promise<IndexRow[]> {
    const index = this.#indexes.get(query.collection)?.get(name);
    if (!index) throw new TypeError(`${query.collection} has no index ${name}`);
    const { low, high } = indexRange(query);
    const order = query.descending ? "DESC" : "ASC";
    const { rows } = await this.#pool.query<IndexRow>({
      name: `skein-index-${order}`,
      text: `SELECT e.key, r.id, r.version, r.json
        FROM (SELECT key, id FROM skein.entries WHERE idx = $2 AND key >= $3 AND key < $4 ORDER BY key ${order} LIMIT $5) AS e
        JOIN skein.records r ON r.collection = $1 AND r.id = e.id ORDER BY e.key ${order}`,
      values: [query.collection, index.id, Buffer.from(low, "latin1"), Buffer.from(high, "latin1"), query.limit + 1],
    });
    return rows;
  }

  async #queryIds(query: RecordQuery): Promise<IndexRow[]> {
    const { low, high } = idRange(query);
    const order = query.descending ? "DESC" : "ASC";
    const { rows } = await this.#pool.query<IndexRow>({
      name: `skein-ids-${order}`,
      text: `SELECT id, version, json FROM skein.records
        WHERE collection = $1 AND id >= $2 AND ($3::text IS NULL OR id < $3) ORDER BY id ${order} LIMIT $4`,
      values: [query.collection, idBound(low), high.startsWith("\xff") ? null : idBound(high), query.limit + 1],
    });
    return rows;
  }
}

interface IndexRow extends RecordRow {
  readonly id: string;
  readonly key?: Buffer;
}

/** No name has a zero byte in it (commits refuse it), and the database's text cannot even be asked for one. */
function canExist(name: string): boolean {
  return !name.includes("\0");
}

/**
 * A bound in bytes as text. The cursor's byte behind an id is zero, which the database's text cannot hold: the
 * smallest character it can is as good, since ids are printable.
 */
function idBound(bytes: string): string {
  return Buffer.from(bytes, "latin1").toString("utf8").replaceAll("\0", "\x01");
}

function damaged(path: string, position: number): SkeinError {
  return new SkeinError(
    "internal",
    `The database is damaged: ${path} cannot be read at position ${position}. Restore it from a backup.`,
  );
}
