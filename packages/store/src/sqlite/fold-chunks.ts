import { Lru } from "../core/lru.ts";
import type { Chunk } from "../core/chunks.ts";
import { packChunks, unpackChunk } from "../core/chunks.ts";
import { chunkOf } from "./chunk-rows.ts";
import type { Database, Statement } from "./driver.ts";
import { integer } from "./driver.ts";

/** So many small chunks at a stream's end are packed into few. */
const LOOSE = 64;
/** Chunks of this size are left as they are. */
const LARGE_BYTES = 16 * 1024;
/** Streams packed in one transaction, at most: the group that pays for it must not wait long. */
const FOLDS_PER_GROUP = 4;

interface Tail {
  /** Up to this position chunks are as large as they will get. */
  folded: number;
  /** Small chunks behind it. */
  loose: number;
}

/**
 * Every group of commits leaves one small chunk in each stream it appended to. This packs them as they pile up, in
 * the transaction of a later group and so without a sync of its own, and keeps reads of long histories at few rows.
 */
export class ChunkFolder {
  readonly #tails = new Lru<number, Tail>(10_000);
  readonly #due = new Set<number>();
  readonly #selectTail: Statement;
  readonly #selectLoose: Statement;
  readonly #deleteLoose: Statement;
  readonly #insertChunk: Statement;
  readonly #setFolded: Statement;

  constructor(database: Database) {
    this.#selectTail = database.prepare(
      "SELECT folded, (SELECT count(*) FROM chunks WHERE stream = id AND start >= folded) AS loose " +
        "FROM streams WHERE id = ?",
    );
    this.#selectLoose = database.prepare(
      "SELECT start, count, crc, body FROM chunks WHERE stream = ? AND start >= ? ORDER BY start",
    );
    this.#deleteLoose = database.prepare("DELETE FROM chunks WHERE stream = ? AND start >= ?");
    this.#insertChunk = database.prepare("INSERT INTO chunks(stream, start, count, crc, body) VALUES(?, ?, ?, ?, ?)");
    this.#setFolded = database.prepare("UPDATE streams SET folded = ? WHERE id = ?");
  }

  /** The chunks have just been written. */
  added(stream: number, chunks: readonly Chunk[]): void {
    const known = this.#tails.get(stream);
    const tail = known ?? this.#load(stream);
    if (!tail) return;
    for (const { start, count, body } of chunks) {
      if (body.byteLength < LARGE_BYTES || tail.loose >= LOOSE / 4) {
        if (known) tail.loose++;
        continue;
      }
      // Behind a large chunk the few small ones in front of it are not worth another writing.
      tail.folded = start + count;
      tail.loose = 0;
      this.#setFolded.run(tail.folded, stream);
    }
    if (tail.loose >= LOOSE) this.#due.add(stream);
  }

  #load(stream: number): Tail | undefined {
    const found = this.#selectTail.get(stream);
    if (!found) return undefined;
    const tail = { folded: integer(found["folded"]), loose: integer(found["loose"]) };
    this.#tails.set(stream, tail);
    return tail;
  }

  /** Packs what is due, within bounds; the rest waits for the next group. */
  fold(): void {
    let budget = FOLDS_PER_GROUP;
    for (const stream of this.#due) {
      if (budget-- === 0) return;
      this.#due.delete(stream);
      this.#foldStream(stream);
    }
  }

  #foldStream(stream: number): void {
    const tail = this.#load(stream);
    if (!tail) return;
    const loose = this.#selectLoose.all(stream, tail.folded).map(chunkOf);
    const last = loose.at(-1);
    if (!last) return;
    const packed = repack(loose);
    if (packed) {
      this.#deleteLoose.run(stream, tail.folded);
      for (const chunk of packed) this.#insertChunk.run(stream, chunk.start, chunk.count, chunk.crc, chunk.body);
    }
    const end = last.start + last.count;
    this.#setFolded.run(end, stream);
    this.#tails.set(stream, { folded: end, loose: 0 });
  }

  /** A transaction failed: what is remembered may never have been. */
  forget(): void {
    this.#tails.clear();
    this.#due.clear();
  }
}

/** `undefined` when a chunk is damaged: it stays as it is, for whoever reads it to be told. */
function repack(loose: readonly Chunk[]): Chunk[] | undefined {
  const messages: Uint8Array[] = [];
  for (const chunk of loose) {
    const unpacked = unpackChunk(chunk);
    if (!unpacked) return undefined;
    for (const message of unpacked) messages.push(message);
  }
  return packChunks(loose[0]?.start ?? 0, messages);
}
