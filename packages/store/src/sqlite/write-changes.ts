import type { Changes, State } from "../core/draft.ts";
import { indexKeys } from "../core/index-keys.ts";
import type { RecordRow, StreamRow } from "../core/rows.ts";
import type { Database, Statement } from "./driver.ts";
import type { JournalWriter } from "./journal-writer.ts";
import type { IndexTables } from "./schema.ts";
import { STREAM_COLUMNS, streamValues } from "./stream-rows.ts";

/** Writes decided changes into the tables. The caller owns the transaction. */
export class ChangeWriter {
  readonly #indexes: IndexTables;
  readonly #state: State;
  readonly #journal: JournalWriter;
  readonly #deleteStream: Statement;
  readonly #addGarbage: Statement;
  readonly #updateStream: Statement;
  readonly #insertStream: Statement;
  readonly #putProducer: Statement;
  readonly #putRecord: Statement;
  readonly #deleteRecord: Statement;
  readonly #insertEntry: Statement;
  readonly #deleteEntry: Statement;

  constructor(database: Database, indexes: IndexTables, state: State, journal: JournalWriter) {
    this.#indexes = indexes;
    this.#state = state;
    this.#journal = journal;
    this.#deleteStream = database.prepare("DELETE FROM streams WHERE id = ?");
    this.#addGarbage = database.prepare("INSERT INTO garbage(stream) VALUES(?)");
    this.#updateStream = database.prepare(
      "UPDATE streams SET head = ?, closed = ?, deleted = ?, expires_at = ?, children = ?, stream_seq = ? WHERE id = ?",
    );
    this.#insertStream = database.prepare(
      `INSERT INTO streams(${STREAM_COLUMNS}) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    );
    this.#putProducer = database.prepare(
      "INSERT INTO producers(stream, producer, epoch, seq) VALUES(?, ?, ?, ?) " +
        "ON CONFLICT(stream, producer) DO UPDATE SET epoch = excluded.epoch, seq = excluded.seq",
    );
    this.#putRecord = database.prepare(
      "INSERT INTO records(collection, id, version, json) VALUES(?, ?, ?, ?) " +
        "ON CONFLICT(collection, id) DO UPDATE SET version = excluded.version, json = excluded.json",
    );
    this.#deleteRecord = database.prepare("DELETE FROM records WHERE collection = ? AND id = ?");
    this.#insertEntry = database.prepare("INSERT INTO entries(idx, key, id) VALUES(?, ?, ?)");
    this.#deleteEntry = database.prepare("DELETE FROM entries WHERE idx = ? AND key = ?");
  }

  /** Deletions first: a path may be given to a new stream in the same group. */
  write(changes: Changes): void {
    for (const id of changes.purged) if (Number(this.#deleteStream.run(id).changes) > 0) this.#addGarbage.run(id);
    for (const row of changes.streams.values()) if (row) this.#writeStream(row);
    this.#journal.write(changes);
    for (const [id, producers] of changes.producers)
      for (const [producer, { epoch, seq }] of producers) this.#putProducer.run(id, producer, epoch, seq);
    for (const [collection, records] of changes.records)
      for (const [id, row] of records) this.#writeRecord(collection, id, row);
  }

  #writeStream(row: StreamRow): void {
    const { head, closed, deleted, expiresAt = null, children, streamSeq = null, id } = row;
    const updated = this.#updateStream.run(head, Number(closed), Number(deleted), expiresAt, children, streamSeq, id);
    if (Number(updated.changes) > 0) return;
    this.#insertStream.run(...streamValues(row));
  }

  #writeRecord(collection: string, id: string, row: RecordRow | null): void {
    this.#writeEntries(collection, id, row);
    if (row) this.#putRecord.run(collection, id, row.version, row.json);
    else this.#deleteRecord.run(collection, id);
  }

  #writeEntries(collection: string, id: string, row: RecordRow | null): void {
    const indexes = this.#indexes.get(collection);
    if (!indexes || indexes.size === 0) return;
    const before = this.#state.record(collection, id);
    const old: unknown = before && JSON.parse(before.json);
    const value: unknown = row && JSON.parse(row.json);
    for (const { id: idx, fields } of indexes.values()) {
      const have = before ? indexKeys(fields, id, old) : new Set<string>();
      const want = row ? indexKeys(fields, id, value) : new Set<string>();
      for (const key of have) if (!want.has(key)) this.#deleteEntry.run(idx, Buffer.from(key, "latin1"));
      for (const key of want) if (!have.has(key)) this.#insertEntry.run(idx, Buffer.from(key, "latin1"), id);
    }
  }
}
