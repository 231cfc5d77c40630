import type pg from "pg";
import { Lru } from "../core/lru.ts";
import { LARGE_BYTES, LOOSE, type LooseChunk, planFold } from "./fold.ts";

/** Chunks of one packing, at most: with the bound on their size, 8 MiB of memory. */
const CHUNKS_AT_ONCE = 512;
/** Commits of this server to a stream before it looks whether there is something to pack. */
const LOOK_AFTER = 32;
const STREAMS_KEPT = 10_000;

const SELECT_LOOSE = `SELECT start, count, crc, CASE WHEN octet_length(body) < ${LARGE_BYTES} THEN body END AS body
  FROM skein.chunks WHERE stream = $1 AND start >= $2 AND start < $3 ORDER BY start LIMIT ${CHUNKS_AT_ONCE}`;

/**
 * Packs the small chunks that groups of commits leave at the end of streams. Any number of servers may do it beside
 * appends and reads. Invariants:
 *  - the stream's row is locked meanwhile, so its deletion comes before (nothing is packed) or after (what was packed
 *    is removed with the rest), and of two servers one goes on to the next stream;
 *  - a packing moves messages and changes none, in one transaction, so that a reader's statement sees either;
 *  - nobody waits for it to be synced: if a crash takes it back, all of it is taken back.
 */
export class Folder {
  readonly #pool: pg.Pool;
  /** Commits of this server since it last looked, by path. */
  readonly #touched = new Lru<string, number>(STREAMS_KEPT);
  readonly #due = new Set<string>();

  constructor(pool: pg.Pool) {
    this.#pool = pool;
  }

  /** Streams that a group has changed. */
  touched(paths: Iterable<string>): void {
    for (const path of paths) {
      // One not seen before may have been left unpacked by a server that is no more.
      const count = (this.#touched.get(path) ?? LOOK_AFTER) + 1;
      this.#touched.set(path, count);
      if (count > LOOK_AFTER && this.#due.size < STREAMS_KEPT) this.#due.add(path);
    }
  }

  /** Looks after one stream. False when none is due. */
  async fold(): Promise<boolean> {
    const [path] = this.#due;
    if (path === undefined) return false;
    this.#due.delete(path);
    this.#touched.set(path, 0);
    if (await this.#foldStream(path)) this.#due.add(path);
    return true;
  }

  /** True when there is more to pack. */
  async #foldStream(path: string): Promise<boolean> {
    const client = await this.#pool.connect();
    let failure: Error | undefined;
    try {
      await client.query("BEGIN; SET LOCAL synchronous_commit = off");
      const more = await foldLocked(client, path);
      await client.query("COMMIT");
      return more;
    } catch (error) {
      failure = error instanceof Error ? error : new Error(String(error));
      throw error;
    } finally {
      // With an open transaction it cannot be used again.
      client.release(failure);
    }
  }
}

async function foldLocked(client: pg.ClientBase, path: string): Promise<boolean> {
  const found = await client.query<{ id: number; folded: number; head: number; parent: { position: number } | null }>(
    "SELECT id, folded, head, parent FROM skein.streams WHERE path = $1 FOR NO KEY UPDATE SKIP LOCKED",
    [path],
  );
  const row = found.rows[0];
  if (!row) return false;
  // A fork's own messages begin where its inherited ones end.
  const from = Math.max(row.folded, row.parent?.position ?? 0);
  const { rows: chunks } = await client.query<LooseChunk>(SELECT_LOOSE, [row.id, from, row.head]);
  if (chunks.length < LOOSE) return false;
  const { removed, added, folded } = planFold(chunks, from);
  await client.query("DELETE FROM skein.chunks WHERE stream = $1 AND start = ANY($2::bigint[])", [row.id, removed]);
  await client.query(
    `INSERT INTO skein.chunks(stream, start, count, crc, body) SELECT $1, * FROM
      unnest($2::bigint[], $3::integer[], $4::bigint[], $5::bytea[])`,
    [
      row.id,
      added.map(({ start }) => start),
      added.map(({ count }) => count),
      added.map(({ crc }) => crc),
      added.map(({ body }) => Buffer.from(body.buffer, body.byteOffset, body.byteLength)),
    ],
  );
  await client.query("UPDATE skein.streams SET folded = $2 WHERE id = $1", [row.id, folded]);
  return chunks.length === CHUNKS_AT_ONCE;
}
