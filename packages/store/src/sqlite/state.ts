import type { Changes, State } from "../core/draft.ts";
import { Lru } from "../core/lru.ts";
import type { ProducerRow, RecordRow, StreamRow } from "../core/rows.ts";
import { MemoryStreams } from "../memory/streams.ts";
import type { Database, Statement } from "./driver.ts";
import { integer, text } from "./driver.ts";
import { STREAM_COLUMNS, streamRow } from "./stream-rows.ts";

/** Characters of a record's JSON: larger ones are read again when they are needed. */
const LARGEST_KEPT = 16 * 1024;

/**
 * What the writer decides on: the database as committed, with the rows lately used kept in memory, and the ephemeral
 * streams, which are nowhere else. Only the writer changes the database, so a kept row is never stale.
 */
export class SqliteState implements State {
  readonly ephemeral = new MemoryStreams();
  readonly #streams = new Lru<string, StreamRow>(10_000);
  readonly #producers = new Lru<string, ProducerRow>(10_000);
  readonly #records = new Lru<string, RecordRow>(2_000);
  readonly #selectStream: Statement;
  readonly #selectProducer: Statement;
  readonly #selectRecord: Statement;
  #lastStreamId: number;

  constructor(database: Database) {
    this.#selectStream = database.prepare(`SELECT ${STREAM_COLUMNS} FROM streams WHERE path = ?`);
    this.#selectProducer = database.prepare("SELECT epoch, seq FROM producers WHERE stream = ? AND producer = ?");
    this.#selectRecord = database.prepare("SELECT version, json FROM records WHERE collection = ? AND id = ?");
    const last = database
      .prepare(
        "SELECT max(ifnull((SELECT max(id) FROM streams), 0), ifnull((SELECT max(stream) FROM garbage), 0)) AS id",
      )
      .get();
    this.#lastStreamId = integer(last?.["id"]);
  }

  stream(path: string): StreamRow | undefined {
    const known = this.ephemeral.row(path) ?? this.#streams.get(path);
    if (known) return known;
    const found = this.#selectStream.get(path);
    if (!found) return undefined;
    const row = streamRow(found);
    this.#streams.set(path, row);
    return row;
  }

  producer(streamId: number, producerId: string): ProducerRow | undefined {
    const key = `${streamId}/${producerId}`;
    const known = this.ephemeral.producer(streamId, producerId) ?? this.#producers.get(key);
    if (known) return known;
    const found = this.#selectProducer.get(streamId, producerId);
    if (!found) return undefined;
    const row = { epoch: integer(found["epoch"]), seq: integer(found["seq"]) };
    this.#producers.set(key, row);
    return row;
  }

  record(collection: string, id: string): RecordRow | undefined {
    const key = `${collection}/${id}`;
    const known = this.#records.get(key);
    if (known) return known;
    const found = this.#selectRecord.get(collection, id);
    if (!found) return undefined;
    const row = { version: integer(found["version"]), json: text(found["json"]) };
    this.#keepRecord(key, row);
    return row;
  }

  ephemeralSize(streamId: number, position: number): number {
    return this.ephemeral.messageSize(streamId, position);
  }

  nextStreamId(): number {
    return ++this.#lastStreamId;
  }

  /** The changes are in the database (or, of ephemeral streams, were never to be there). */
  applied(durable: Changes, ephemeral: Changes): void {
    this.ephemeral.apply(ephemeral);
    for (const [path, row] of durable.streams) {
      if (row) this.#streams.set(path, row);
      else this.#streams.delete(path);
    }
    for (const [id, producers] of durable.producers)
      for (const [producerId, row] of producers) this.#producers.set(`${id}/${producerId}`, row);
    for (const [collection, records] of durable.records)
      for (const [id, row] of records) {
        if (row) this.#keepRecord(`${collection}/${id}`, row);
        else this.#records.delete(`${collection}/${id}`);
      }
  }

  #keepRecord(key: string, row: RecordRow): void {
    if (row.json.length <= LARGEST_KEPT) this.#records.set(key, row);
    else this.#records.delete(key);
  }

  /** A transaction failed: trust nothing but the database. */
  forget(): void {
    this.#streams.clear();
    this.#producers.clear();
    this.#records.clear();
  }
}
