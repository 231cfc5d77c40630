import type pg from "pg";
import type { Chunk } from "../core/chunks.ts";
import { packChunks } from "../core/chunks.ts";
import type { Changes } from "../core/draft.ts";
import { indexKeys } from "../core/index-keys.ts";
import type { RecordRow } from "../core/rows.ts";
import type { Fetched } from "./group-state.ts";
import { recordKey } from "./group-state.ts";
import type { IndexTables } from "./schema.ts";
import { STREAM_COLUMN_NAMES, STREAM_RECORD, streamJsonOf } from "./stream-rows.ts";

const upsertStreams = (table: string, parameter: string) => `
  INSERT INTO ${table}(${STREAM_COLUMN_NAMES})
    SELECT * FROM json_to_recordset(${parameter}::json) AS r(${STREAM_RECORD})
  ON CONFLICT (id) DO UPDATE SET head = excluded.head, first = excluded.first, closed = excluded.closed,
    deleted = excluded.deleted, expires_at = excluded.expires_at, children = excluded.children,
    ephemeral = excluded.ephemeral, stream_seq = excluded.stream_seq`;

const insertChunks = (table: string, first: number) => `
  INSERT INTO ${table}(stream, start, count, crc, body) SELECT * FROM
    unnest($${first}::bigint[], $${first + 1}::bigint[], $${first + 2}::integer[], $${first + 3}::bigint[], $${first + 4}::bytea[])`;

const upsertProducers = (table: string, parameter: string) => `
  INSERT INTO ${table} SELECT * FROM
    json_to_recordset(${parameter}::json) AS r(stream bigint, producer text, epoch bigint, seq bigint)
  ON CONFLICT (stream, producer) DO UPDATE SET epoch = excluded.epoch, seq = excluded.seq`;

/** Everything of a group but deletions of streams, in one statement; its last part tells the other servers. */
const WRITE = `
WITH s AS (${upsertStreams("skein.streams", "$1")}),
c AS (${insertChunks("skein.chunks", 2)}),
p AS (${upsertProducers("skein.producers", "$7")}),
r AS (INSERT INTO skein.records SELECT * FROM
    json_to_recordset($8::json) AS r(collection text, id text, version bigint, json text)
  ON CONFLICT (collection, id) DO UPDATE SET version = excluded.version, json = excluded.json),
d AS (DELETE FROM skein.records t USING unnest($9::text[], $10::text[]) AS g(collection, id)
  WHERE t.collection = g.collection AND t.id = g.id),
ed AS (DELETE FROM skein.entries t USING unnest($11::integer[], $12::bytea[]) AS g(idx, key)
  WHERE t.idx = g.idx AND t.key = g.key),
ei AS (INSERT INTO skein.entries SELECT * FROM unnest($13::integer[], $14::bytea[], $15::text[])),
ls AS (${upsertStreams("skein.live_streams", "$16")}),
lc AS (${insertChunks("skein.live_chunks", 17)}),
lp AS (${upsertProducers("skein.live_producers", "$22")})
SELECT pg_notify('skein', $23)`;

/** Before the rest: a path may be given to a new stream in the same group. */
const PURGE = `
WITH gone AS (DELETE FROM skein.streams WHERE id = ANY($1::bigint[]) RETURNING id),
live AS (DELETE FROM skein.live_streams WHERE id = ANY($1::bigint[])),
chunks AS (DELETE FROM skein.live_chunks WHERE stream = ANY($1::bigint[])),
producers AS (DELETE FROM skein.live_producers WHERE stream = ANY($1::bigint[]))
INSERT INTO skein.garbage SELECT id FROM gone`;

const TRIM = `DELETE FROM skein.live_chunks c USING unnest($1::bigint[], $2::bigint[]) AS t(stream, first)
  WHERE c.stream = t.stream AND c.start < t.first`;

/** Writes what was decided. The caller owns the transaction; `notice` goes to every server that listens. */
export async function writeChanges(
  client: pg.ClientBase,
  changes: Changes,
  fetched: Fetched,
  indexes: IndexTables,
  notice: string,
): Promise<void> {
  if (changes.purged.size > 0) await client.query({ name: "skein-purge", text: PURGE, values: [[...changes.purged]] });
  const rows = [...changes.streams.values()].flatMap((row) => (row ? [row] : []));
  const live = new Set([...rows, ...fetched.streams.values()].filter((row) => row.ephemeral).map((row) => row.id));
  const records = recordValues(changes, fetched, indexes);
  await client.query({
    name: "skein-write",
    text: WRITE,
    values: [
      JSON.stringify(rows.filter((row) => !row.ephemeral).map(streamJsonOf)),
      ...chunkValues(changes, (id) => !live.has(id)),
      producerJson(changes, (id) => !live.has(id)),
      ...records,
      JSON.stringify(rows.filter((row) => row.ephemeral).map(streamJsonOf)),
      ...chunkValues(changes, (id) => live.has(id), 1),
      producerJson(changes, (id) => live.has(id)),
      notice,
    ],
  });
  const trimmed = rows.filter((row) => row.ephemeral && row.first > (fetched.streams.get(row.path)?.first ?? 0));
  if (trimmed.length > 0)
    await client.query({
      name: "skein-trim",
      text: TRIM,
      values: [trimmed.map(({ id }) => id), trimmed.map(({ first }) => first)],
    });
}

/** `single`: one message in a chunk, so that the oldest can be dropped one by one. */
function chunkValues(changes: Changes, wanted: (stream: number) => boolean, single?: 1): unknown[][] {
  const found: (Chunk & { stream: number })[] = [];
  for (const [stream, { start, messages }] of changes.appended) {
    if (!wanted(stream)) continue;
    const chunks = single
      ? messages.flatMap((message, index) => packChunks(start + index, [message]))
      : packChunks(start, messages);
    for (const chunk of chunks) found.push({ ...chunk, stream });
  }
  return [
    found.map(({ stream }) => stream),
    found.map(({ start }) => start),
    found.map(({ count }) => count),
    found.map(({ crc }) => crc),
    found.map(({ body }) => Buffer.from(body.buffer, body.byteOffset, body.byteLength)),
  ];
}

function producerJson(changes: Changes, wanted: (stream: number) => boolean): string {
  return JSON.stringify(
    [...changes.producers].flatMap(([stream, producers]) =>
      wanted(stream) ? [...producers].map(([producer, { epoch, seq }]) => ({ stream, producer, epoch, seq })) : [],
    ),
  );
}

function recordValues(changes: Changes, fetched: Fetched, indexes: IndexTables): unknown[] {
  const puts: { collection: string; id: string; version: number; json: string }[] = [];
  const deleted: { collection: string; id: string }[] = [];
  const dropped: { idx: number; key: Buffer }[] = [];
  const made: { idx: number; key: Buffer; id: string }[] = [];
  for (const [collection, rows] of changes.records)
    for (const [id, row] of rows) {
      if (row) puts.push({ collection, id, version: row.version, json: row.json });
      else deleted.push({ collection, id });
      const before = fetched.records.get(recordKey(collection, id));
      for (const { id: idx, fields } of indexes.get(collection)?.values() ?? []) {
        const have = keysOf(fields, id, before);
        const want = keysOf(fields, id, row);
        for (const key of have) if (!want.has(key)) dropped.push({ idx, key: Buffer.from(key, "latin1") });
        for (const key of want) if (!have.has(key)) made.push({ idx, key: Buffer.from(key, "latin1"), id });
      }
    }
  return [
    JSON.stringify(puts),
    deleted.map(({ collection }) => collection),
    deleted.map(({ id }) => id),
    dropped.map(({ idx }) => idx),
    dropped.map(({ key }) => key),
    made.map(({ idx }) => idx),
    made.map(({ key }) => key),
    made.map(({ id }) => id),
  ];
}

function keysOf(fields: readonly string[], id: string, row: RecordRow | null | undefined): Set<string> {
  return row ? indexKeys(fields, id, JSON.parse(row.json)) : new Set();
}
