import type pg from "pg";
import { streamJsonOf, STREAM_COLUMN_NAMES, STREAM_RECORD } from "../postgres/stream-rows.ts";
import { damaged } from "./digest.ts";
import { unpackChunk } from "../core/chunks.ts";
import type { StoreContent } from "./content.ts";

const ROWS = 500;
const BYTES = 4 * 1024 * 1024;

/** Writes all of a store's content into empty tables, as it is, ids included. The caller owns the transaction. */
export async function writeContent(
  client: pg.ClientBase,
  content: StoreContent,
  onProgress: (bytes: number) => void,
): Promise<void> {
  const known = new Set<number>();
  let last = 0;
  for await (const rows of batches(content.streams(), () => 1)) {
    for (const { id } of rows) known.add(id);
    last = rows.at(-1)?.id ?? last;
    await client.query(
      `INSERT INTO skein.streams(${STREAM_COLUMN_NAMES})
        SELECT * FROM json_to_recordset($1::json) AS r(${STREAM_RECORD})`,
      [JSON.stringify(rows.map(streamJsonOf))],
    );
  }
  await client.query("SELECT setval('skein.stream_ids', greatest($1, 1))", [last]);
  for await (const rows of batches(content.chunks(), ({ body }) => body.byteLength)) {
    const kept = rows.filter(({ stream }) => known.has(stream));
    for (const chunk of kept) if (!unpackChunk(chunk)) throw damaged(`stream ${chunk.stream}`, chunk.start);
    await client.query(
      `INSERT INTO skein.chunks(stream, start, count, crc, body) SELECT * FROM
        unnest($1::bigint[], $2::bigint[], $3::integer[], $4::bigint[], $5::bytea[])`,
      [
        kept.map(({ stream }) => stream),
        kept.map(({ start }) => start),
        kept.map(({ count }) => count),
        kept.map(({ crc }) => crc),
        kept.map(({ body }) => Buffer.from(body.buffer, body.byteOffset, body.byteLength)),
      ],
    );
    onProgress(kept.reduce((sum, { body }) => sum + body.byteLength, 0));
  }
  for await (const rows of batches(content.producers(), () => 1))
    await client.query(
      `INSERT INTO skein.producers SELECT * FROM
        json_to_recordset($1::json) AS r(stream bigint, producer text, epoch bigint, seq bigint)`,
      [JSON.stringify(rows)],
    );
  for await (const rows of batches(content.records(), ({ json }) => json.length))
    await client.query(
      `INSERT INTO skein.records SELECT * FROM
        json_to_recordset($1::json) AS r(collection text, id text, version bigint, json text)`,
      [JSON.stringify(rows)],
    );
}

async function* batches<Row>(rows: AsyncIterable<Row>, sizeOf: (row: Row) => number): AsyncGenerator<Row[]> {
  let batch: Row[] = [];
  let size = 0;
  for await (const row of rows) {
    batch.push(row);
    size += sizeOf(row);
    if (batch.length < ROWS && size < BYTES) continue;
    yield batch;
    batch = [];
    size = 0;
  }
  if (batch.length > 0) yield batch;
}
