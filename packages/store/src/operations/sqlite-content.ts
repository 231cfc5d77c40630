import { crc32 } from "node:zlib";
import { type Chunk, packChunk } from "../core/chunks.ts";
import { messagesOf } from "../core/runs.ts";
import { chunkOf } from "../sqlite/chunk-rows.ts";
import type { Database } from "../sqlite/driver.ts";
import { bytes, integer, text } from "../sqlite/driver.ts";
import { unpackJournalRow } from "../sqlite/journal-row.ts";
import { STREAM_COLUMNS, streamRow } from "../sqlite/stream-rows.ts";
import type { StoreContent } from "./content.ts";

/** The content of an embedded store. The caller holds a transaction, so that all of it is of one moment. */
export function sqliteContent(database: Database): StoreContent {
  return {
    async *streams() {
      for (const row of database.prepare(`SELECT ${STREAM_COLUMNS} FROM streams ORDER BY id`).iterate())
        yield streamRow(row);
    },
    async *chunks() {
      yield* withJournal(chunkRows(database), journalOf(database));
    },
    async *producers() {
      // Not those that a deleted stream has left behind.
      const rows = database.prepare(
        "SELECT stream, producer, epoch, seq FROM producers WHERE stream IN (SELECT id FROM streams) " +
          "ORDER BY stream, producer",
      );
      for (const row of rows.iterate())
        yield {
          stream: integer(row["stream"]),
          producer: text(row["producer"]),
          epoch: integer(row["epoch"]),
          seq: integer(row["seq"]),
        };
    },
    async *records() {
      const rows = database.prepare("SELECT collection, id, version, json FROM records ORDER BY collection, id");
      for (const row of rows.iterate())
        yield {
          collection: text(row["collection"]),
          id: text(row["id"]),
          version: integer(row["version"]),
          json: text(row["json"]),
        };
    },
  };
}

type StreamChunk = Chunk & { readonly stream: number };

function* chunkRows(database: Database): Generator<StreamChunk> {
  const rows = database.prepare("SELECT stream, start, count, crc, body FROM chunks ORDER BY stream, start");
  for (const row of rows.iterate()) yield { stream: integer(row["stream"]), ...chunkOf(row) };
}

/** A store that no program of format 2 has opened has none. */
export function hasJournal(database: Database): boolean {
  return database.prepare("SELECT 1 AS one FROM sqlite_master WHERE name = 'journal'").get() !== undefined;
}

/** What waits in the journal of a store that is open, or was not closed; by stream and start. */
function journalOf(database: Database): StreamChunk[] {
  const waiting: StreamChunk[] = [];
  if (!hasJournal(database)) return waiting;
  for (const row of database.prepare("SELECT crc, body FROM journal WHERE seq > 0 ORDER BY seq").iterate()) {
    const body = bytes(row["body"]);
    if (crc32(body) !== integer(row["crc"])) continue;
    for (const { stream, run } of unpackJournalRow(body))
      waiting.push({ stream, ...packChunk(run.start, messagesOf(run)) });
  }
  return waiting.sort((a, b) => a.stream - b.stream || a.start - b.start);
}

/** Both in order, without what stands in both. */
function* withJournal(chunks: Iterable<StreamChunk>, waiting: readonly StreamChunk[]): Generator<StreamChunk> {
  let next = 0;
  let end = { stream: Number.NEGATIVE_INFINITY, at: 0 };
  const give = function* (chunk: StreamChunk): Generator<StreamChunk> {
    if (chunk.stream === end.stream && chunk.start < end.at) return;
    end = { stream: chunk.stream, at: chunk.start + chunk.count };
    yield chunk;
  };
  for (const chunk of chunks) {
    for (let held = waiting[next]; held && isBefore(held, chunk); held = waiting[++next]) yield* give(held);
    yield* give(chunk);
  }
  for (let held = waiting[next]; held; held = waiting[++next]) yield* give(held);
}

function isBefore(a: StreamChunk, b: StreamChunk): boolean {
  return a.stream < b.stream || (a.stream === b.stream && a.start < b.start);
}
