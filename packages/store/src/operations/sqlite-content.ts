import { chunkOf } from "../sqlite/chunk-rows.ts";
import type { Database } from "../sqlite/driver.ts";
import { integer, text } from "../sqlite/driver.ts";
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
      const rows = database.prepare("SELECT stream, start, count, crc, body FROM chunks ORDER BY stream, start");
      for (const row of rows.iterate()) yield { stream: integer(row["stream"]), ...chunkOf(row) };
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
