import type { Changes } from "../core/draft.ts";
import type { StreamRow } from "../core/rows.ts";
import type { Database, Statement } from "./driver.ts";
import { integer, integerOrNone } from "./driver.ts";
import { STREAM_COLUMNS, streamRow } from "./stream-rows.ts";

const EXPIRED_AT_ONCE = 64;
const CHUNKS_AT_ONCE = 256;
const PRODUCERS_AT_ONCE = 1024;

/** Finds streams whose time is over, and removes what deleted ones left behind, both in bounded pieces. */
export class Sweeper {
  readonly #nextExpiry: Statement;
  readonly #selectExpired: Statement;
  readonly #oneGarbage: Statement;
  readonly #chunkBound: Statement;
  readonly #deleteChunks: Statement;
  readonly #producerBound: Statement;
  readonly #deleteProducers: Statement;
  readonly #deleteGarbage: Statement;
  /** No stream ends before. `undefined`: ask the database. */
  #next: number | undefined;

  constructor(database: Database) {
    this.#nextExpiry = database.prepare(
      "SELECT min(expires_at) AS at FROM streams WHERE expires_at IS NOT NULL AND deleted = 0",
    );
    this.#selectExpired = database.prepare(
      `SELECT ${STREAM_COLUMNS} FROM streams WHERE expires_at <= ? AND expires_at IS NOT NULL AND deleted = 0 ` +
        `ORDER BY expires_at LIMIT ${EXPIRED_AT_ONCE}`,
    );
    this.#oneGarbage = database.prepare("SELECT stream FROM garbage LIMIT 1");
    this.#chunkBound = database.prepare(
      `SELECT start AS bound FROM chunks WHERE stream = ? ORDER BY start LIMIT 1 OFFSET ${CHUNKS_AT_ONCE}`,
    );
    this.#deleteChunks = database.prepare("DELETE FROM chunks WHERE stream = ? AND start < ?");
    this.#producerBound = database.prepare(
      `SELECT producer AS bound FROM producers WHERE stream = ? ORDER BY producer LIMIT 1 OFFSET ${PRODUCERS_AT_ONCE}`,
    );
    this.#deleteProducers = database.prepare("DELETE FROM producers WHERE stream = ? AND producer < ?");
    this.#deleteGarbage = database.prepare("DELETE FROM garbage WHERE stream = ?");
  }

  expired(now: number): StreamRow[] {
    this.#next ??= integerOrNone(this.#nextExpiry.get()?.["at"] ?? null) ?? Number.POSITIVE_INFINITY;
    if (now < this.#next) return [];
    this.#next = undefined;
    return this.#selectExpired.all(now).map(streamRow);
  }

  applied(changes: Changes): void {
    if (this.#next === undefined) return;
    for (const row of changes.streams.values())
      if (row?.expiresAt !== undefined && row.expiresAt < this.#next) this.#next = row.expiresAt;
  }

  forget(): void {
    this.#next = undefined;
  }

  hasGarbage(): boolean {
    return this.#oneGarbage.get() !== undefined;
  }

  /** One piece of one stream. True when it found something to do. */
  collect(): boolean {
    const found = this.#oneGarbage.get();
    if (!found) return false;
    const stream = integer(found["stream"]);
    const chunk = this.#chunkBound.get(stream);
    const producer = this.#producerBound.get(stream);
    // A blob sorts behind every number and every text: without a bound, all that is left goes.
    this.#deleteChunks.run(stream, chunk?.["bound"] ?? new Uint8Array());
    this.#deleteProducers.run(stream, producer?.["bound"] ?? new Uint8Array());
    if (!chunk && !producer) this.#deleteGarbage.run(stream);
    return true;
  }
}
