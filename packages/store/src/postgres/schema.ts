import type pg from "pg";
import { SkeinError } from "@skein/protocol";
import { indexKeys } from "../core/index-keys.ts";
import type { CollectionDefinitions } from "../store.ts";

/** Raised when older programs would misread the tables. */
export const FORMAT = 2;

/** Taken while tables are made, so that servers which start together do not both make them. */
const MIGRATION_LOCK = 0x736b_6569;

const STREAM_COLUMNS_SQL = `
  id bigint PRIMARY KEY,
  path text COLLATE "C" NOT NULL UNIQUE,
  content_type text NOT NULL,
  head bigint NOT NULL,
  first bigint NOT NULL,
  closed boolean NOT NULL,
  deleted boolean NOT NULL,
  created_at bigint NOT NULL,
  ttl_seconds bigint,
  expires_at bigint,
  parent json,
  lineage json NOT NULL,
  children bigint NOT NULL,
  ephemeral json,
  stream_seq text`;

const CHUNK_COLUMNS_SQL = `
  stream bigint NOT NULL,
  start bigint NOT NULL,
  count integer NOT NULL,
  crc bigint NOT NULL,
  body bytea NOT NULL,
  PRIMARY KEY(stream, start)`;

const PRODUCER_COLUMNS_SQL = `
  stream bigint NOT NULL,
  producer text COLLATE "C" NOT NULL,
  epoch bigint NOT NULL,
  seq bigint NOT NULL,
  PRIMARY KEY(stream, producer)`;

/**
 * The `live_` tables hold the ephemeral streams: not in the log that is synced, empty after a crash of the database.
 * Bodies are not compressed by the database: reading a slice must not cost the whole.
 */
const TABLES = `
CREATE SCHEMA IF NOT EXISTS skein;
CREATE SEQUENCE skein.stream_ids;
CREATE TABLE skein.streams(${STREAM_COLUMNS_SQL}) WITH (fillfactor = 60);
CREATE INDEX streams_expiry ON skein.streams(expires_at) WHERE expires_at IS NOT NULL AND NOT deleted;
CREATE TABLE skein.chunks(${CHUNK_COLUMNS_SQL});
ALTER TABLE skein.chunks ALTER COLUMN body SET STORAGE EXTERNAL;
CREATE TABLE skein.producers(${PRODUCER_COLUMNS_SQL}) WITH (fillfactor = 60);
CREATE UNLOGGED TABLE skein.live_streams(${STREAM_COLUMNS_SQL}) WITH (fillfactor = 60);
CREATE UNLOGGED TABLE skein.live_chunks(${CHUNK_COLUMNS_SQL});
ALTER TABLE skein.live_chunks ALTER COLUMN body SET STORAGE EXTERNAL;
CREATE UNLOGGED TABLE skein.live_producers(${PRODUCER_COLUMNS_SQL});
CREATE TABLE skein.records(
  collection text COLLATE "C" NOT NULL,
  id text COLLATE "C" NOT NULL,
  version bigint NOT NULL,
  json text NOT NULL,
  PRIMARY KEY(collection, id)
);
CREATE TABLE skein.indexes(
  id integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
  collection text NOT NULL,
  name text NOT NULL,
  fields text NOT NULL,
  UNIQUE(collection, name)
);
CREATE TABLE skein.entries(
  idx integer NOT NULL,
  key bytea NOT NULL,
  id text NOT NULL,
  PRIMARY KEY(idx, key)
);
CREATE TABLE skein.garbage(stream bigint PRIMARY KEY);
CREATE TABLE skein.format(format integer NOT NULL);
INSERT INTO skein.format VALUES(${FORMAT});
`;

/** What older programs do not miss. `folded`: up to where the chunks of a stream are packed. */
const ADDED = `
ALTER TABLE skein.streams ADD COLUMN IF NOT EXISTS folded bigint NOT NULL DEFAULT 0;
`;

export interface IndexTable {
  readonly id: number;
  readonly fields: readonly string[];
}
/** Collection → its indexes by name. */
export type IndexTables = ReadonlyMap<string, ReadonlyMap<string, IndexTable>>;

/** Makes what is missing and refuses what a newer program has written. Safe when several servers start at once. */
export async function prepareDatabase(client: pg.ClientBase, collections: CollectionDefinitions): Promise<IndexTables> {
  await client.query("BEGIN");
  try {
    await client.query("SELECT pg_advisory_xact_lock($1)", [MIGRATION_LOCK]);
    await prepareTables(client);
    const indexes = await prepareIndexes(client, collections);
    await client.query("COMMIT");
    return indexes;
  } catch (error) {
    await client.query("ROLLBACK");
    throw error;
  }
}

/** The oldest PostgreSQL that the statements are written for. */
const OLDEST_SERVER = 140_000;

async function prepareTables(client: pg.ClientBase): Promise<void> {
  const server = await client.query<{ version: number }>(
    "SELECT current_setting('server_version_num')::integer AS version",
  );
  if ((server.rows[0]?.version ?? 0) < OLDEST_SERVER)
    throw new SkeinError("unavailable", "The database is older than PostgreSQL 14. Update it, or choose another.");
  const found = await client.query<{ there: string | null }>("SELECT to_regclass('skein.format')::text AS there");
  if (found.rows[0]?.there == null) {
    await client.query(TABLES);
    await client.query(ADDED);
    return;
  }
  const { rows } = await client.query<{ format: number }>("SELECT format FROM skein.format");
  const format = rows[0]?.format ?? 0;
  if (format > FORMAT)
    throw new SkeinError(
      "unavailable",
      `The database was written by a newer version of Skein (format ${format}; this one reads up to ${FORMAT}). ` +
        "Update Skein, or choose another database.",
    );
  await client.query(ADDED);
  // Since format 1 chunks have commas between their messages. Those without are read as well.
  await client.query("UPDATE skein.format SET format = $1 WHERE format < $1", [FORMAT]);
}

/**
 * Brings the stored indexes to what is declared. Unlike the embedded store this drops nothing: another server on the
 * same database may be of a version that declares more.
 */
async function prepareIndexes(client: pg.ClientBase, collections: CollectionDefinitions): Promise<IndexTables> {
  const { rows } = await client.query<{ id: number; collection: string; name: string; fields: string }>(
    "SELECT id, collection, name, fields FROM skein.indexes",
  );
  const tables = new Map<string, Map<string, IndexTable>>();
  for (const [collection, { indexes = {} }] of Object.entries(collections)) {
    const own = new Map<string, IndexTable>();
    tables.set(collection, own);
    for (const [name, fields] of Object.entries(indexes)) {
      const known = rows.find((row) => row.collection === collection && row.name === name);
      if (known?.fields === JSON.stringify(fields)) own.set(name, { id: known.id, fields });
      else own.set(name, { id: await buildIndex(client, collection, name, fields), fields });
    }
  }
  return tables;
}

const BUILD_PAGE = 1000;

async function buildIndex(
  client: pg.ClientBase,
  collection: string,
  name: string,
  fields: readonly string[],
): Promise<number> {
  // Nobody adds a record that the scan misses: writers wait for the lock, and see the new index when they get it.
  await client.query("LOCK TABLE skein.records IN SHARE ROW EXCLUSIVE MODE");
  const made = await client.query<{ id: number }>(
    "INSERT INTO skein.indexes(collection, name, fields) VALUES($1, $2, $3) " +
      "ON CONFLICT(collection, name) DO UPDATE SET fields = excluded.fields RETURNING id",
    [collection, name, JSON.stringify(fields)],
  );
  const idx = made.rows[0]?.id;
  if (idx === undefined) throw new Error(`Index ${name} of ${collection} was not made`);
  await client.query("DELETE FROM skein.entries WHERE idx = $1", [idx]);
  let after = "";
  for (;;) {
    const { rows } = await client.query<{ id: string; json: string }>(
      "SELECT id, json FROM skein.records WHERE collection = $1 AND id > $2 ORDER BY id LIMIT $3",
      [collection, after, BUILD_PAGE],
    );
    const entries = rows.flatMap(({ id, json }) =>
      [...indexKeys(fields, id, JSON.parse(json))].map((key) => ({ id, key: Buffer.from(key, "latin1") })),
    );
    await client.query("INSERT INTO skein.entries(idx, key, id) SELECT $1, * FROM unnest($2::bytea[], $3::text[])", [
      idx,
      entries.map(({ key }) => key),
      entries.map(({ id }) => id),
    ]);
    const last = rows.at(-1);
    if (rows.length < BUILD_PAGE || !last) return idx;
    after = last.id;
  }
}
