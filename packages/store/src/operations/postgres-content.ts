import type pg from "pg";
import type { Chunk } from "../core/chunks.ts";
import { readStreamRow } from "../postgres/stream-rows.ts";
import type { StoreContent } from "./content.ts";

const PAGE = 500;

/** The content of a store on PostgreSQL, page by page. The caller's transaction makes it one moment. */
export function postgresContent(client: pg.ClientBase): StoreContent {
  return {
    async *streams() {
      const pages = pagesOf<{ id: number; row: unknown }>(
        client,
        `SELECT id, to_json(s) AS row FROM skein.streams s WHERE id > $1 ORDER BY id LIMIT ${PAGE}`,
        [-1],
        ({ id }) => [id],
      );
      for await (const { row } of pages) yield readStreamRow(row);
    },
    chunks: () =>
      pagesOf<Chunk & { stream: number }>(
        client,
        `SELECT stream, start, count, crc, body FROM skein.chunks WHERE (stream, start) > ($1, $2)
          ORDER BY stream, start LIMIT 100`,
        [-1, -1],
        ({ stream, start }) => [stream, start],
      ),
    producers: () =>
      pagesOf<{ stream: number; producer: string; epoch: number; seq: number }>(
        client,
        `SELECT stream, producer, epoch, seq FROM skein.producers WHERE (stream, producer) > ($1, $2)
          AND stream IN (SELECT id FROM skein.streams) ORDER BY stream, producer LIMIT ${PAGE}`,
        [-1, ""],
        ({ stream, producer }) => [stream, producer],
      ),
    records: () =>
      pagesOf<{ collection: string; id: string; version: number; json: string }>(
        client,
        `SELECT collection, id, version, json FROM skein.records WHERE (collection, id) > ($1, $2)
          ORDER BY collection, id LIMIT ${PAGE}`,
        ["", ""],
        ({ collection, id }) => [collection, id],
      ),
  };
}

async function* pagesOf<Row extends object>(
  client: pg.ClientBase,
  text: string,
  first: unknown[],
  keyOf: (row: Row) => unknown[],
): AsyncGenerator<Row> {
  let key = first;
  for (;;) {
    const { rows } = await client.query<Row>(text, key);
    const last = rows.at(-1);
    if (!last) return;
    yield* rows;
    key = keyOf(last);
  }
}
