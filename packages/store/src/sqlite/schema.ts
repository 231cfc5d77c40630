import { SkeinError } from "@skein/protocol";
import { indexKeys } from "../core/index-keys.ts";
import type { CollectionDefinitions } from "../store.ts";
import type { Database } from "./driver.ts";
import { integer, text } from "./driver.ts";

/** Raised when older programs would misread the tables. */
export const FORMAT = 2;

const JOURNAL = `
CREATE TABLE journal(
  seq INTEGER PRIMARY KEY,
  crc INTEGER NOT NULL,
  body BLOB NOT NULL
);`;

const TABLES = `
CREATE TABLE streams(
  id INTEGER PRIMARY KEY,
  path TEXT NOT NULL UNIQUE,
  content_type TEXT NOT NULL,
  head INTEGER NOT NULL,
  closed INTEGER NOT NULL,
  deleted INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  ttl_seconds INTEGER,
  expires_at INTEGER,
  parent_id INTEGER,
  parent_path TEXT,
  parent_position INTEGER,
  lineage TEXT,
  children INTEGER NOT NULL,
  stream_seq TEXT
);
CREATE INDEX streams_expiry ON streams(expires_at) WHERE expires_at IS NOT NULL AND deleted = 0;
CREATE TABLE chunks(
  stream INTEGER NOT NULL,
  start INTEGER NOT NULL,
  count INTEGER NOT NULL,
  crc INTEGER NOT NULL,
  body BLOB NOT NULL,
  PRIMARY KEY(stream, start)
) WITHOUT ROWID;
${JOURNAL}
CREATE TABLE producers(
  stream INTEGER NOT NULL,
  producer TEXT NOT NULL,
  epoch INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  PRIMARY KEY(stream, producer)
) WITHOUT ROWID;
CREATE TABLE garbage(stream INTEGER PRIMARY KEY);
CREATE TABLE records(
  collection TEXT NOT NULL,
  id TEXT NOT NULL,
  version INTEGER NOT NULL,
  json TEXT NOT NULL,
  PRIMARY KEY(collection, id)
) WITHOUT ROWID;
CREATE TABLE indexes(
  id INTEGER PRIMARY KEY,
  collection TEXT NOT NULL,
  name TEXT NOT NULL,
  fields TEXT NOT NULL,
  UNIQUE(collection, name)
);
CREATE TABLE entries(
  idx INTEGER NOT NULL,
  key BLOB NOT NULL,
  id TEXT NOT NULL,
  PRIMARY KEY(idx, key)
) WITHOUT ROWID;
`;

/**
 * Waits instead of failing when another connection holds the file for a moment, as one does that closes last (a
 * backup, a check). Before any other statement: even a read of the format may meet it.
 */
export function waitForOthers(database: Database): void {
  database.exec("PRAGMA busy_timeout = 5000");
}

/** How a connection behaves. `FULL` syncs every commit before it is visible; less would lose acknowledged data. */
export function configure(database: Database, role: "writer" | "reader"): void {
  waitForOthers(database);
  database.exec("PRAGMA temp_store = MEMORY;");
  if (role === "reader") return database.exec("PRAGMA query_only = 1; PRAGMA cache_size = -16384;");
  database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -65536;");
  database.exec("PRAGMA wal_autocheckpoint = 2000; PRAGMA journal_size_limit = 67108864;");
  // On macOS a plain sync does not reach the disk.
  if (process.platform === "darwin") database.exec("PRAGMA fullfsync = 1; PRAGMA checkpoint_fullfsync = 1;");
}

/** Twice what SQLite takes: long reads are made of half as many calls, and a sync of a commit takes no longer. */
const PAGE_BYTES = 8192;

/** Makes the tables of a new store, takes an older one to this format; refuses a store that a newer program has written. */
export function prepareTables(database: Database, folder: string): void {
  const format = integer(database.prepare("PRAGMA user_version").get()?.["user_version"]);
  if (format > FORMAT)
    throw new SkeinError(
      "unavailable",
      `The store in ${folder} was written by a newer version of Skein (format ${format}; this one reads up to ` +
        `${FORMAT}). Update Skein, or choose another folder.`,
    );
  if (format === FORMAT) return;
  if (format === 0) database.exec(`PRAGMA page_size = ${PAGE_BYTES}`);
  inTransaction(database, () => {
    // Since format 1: the journal, and commas between the messages of a chunk (those without are read as well).
    database.exec(format === 0 ? TABLES : `${JOURNAL} ALTER TABLE streams DROP COLUMN folded;`);
    database.exec(`PRAGMA user_version = ${FORMAT}`);
  });
}

export interface IndexTable {
  readonly id: number;
  readonly fields: readonly string[];
}

/** Collection → its indexes by name. */
export type IndexTables = ReadonlyMap<string, ReadonlyMap<string, IndexTable>>;

/** Brings the stored indexes to what is declared: builds new and changed ones, drops what nobody would keep up. */
export function prepareIndexes(database: Database, collections: CollectionDefinitions): IndexTables {
  const stored = new Map(
    database
      .prepare("SELECT id, collection, name, fields FROM indexes")
      .all()
      .map((row) => [
        JSON.stringify([text(row["collection"]), text(row["name"])]),
        { id: integer(row["id"]), fields: text(row["fields"]) },
      ]),
  );
  const tables = new Map<string, Map<string, IndexTable>>();
  for (const [collection, { indexes = {} }] of Object.entries(collections)) {
    const own = new Map<string, IndexTable>();
    tables.set(collection, own);
    for (const [name, fields] of Object.entries(indexes)) {
      const key = JSON.stringify([collection, name]);
      const known = stored.get(key);
      if (known?.fields !== JSON.stringify(fields)) continue;
      own.set(name, { id: known.id, fields });
      stored.delete(key);
    }
  }
  inTransaction(database, () => {
    for (const { id } of stored.values()) dropIndex(database, id);
    for (const [collection, { indexes = {} }] of Object.entries(collections))
      for (const [name, fields] of Object.entries(indexes)) {
        const own = tables.get(collection);
        if (own && !own.has(name)) own.set(name, { id: buildIndex(database, collection, name, fields), fields });
      }
  });
  return tables;
}

function dropIndex(database: Database, id: number): void {
  database.prepare("DELETE FROM entries WHERE idx = ?").run(id);
  database.prepare("DELETE FROM indexes WHERE id = ?").run(id);
}

function buildIndex(database: Database, collection: string, name: string, fields: readonly string[]): number {
  const made = database
    .prepare("INSERT INTO indexes(collection, name, fields) VALUES(?, ?, ?) RETURNING id")
    .get(collection, name, JSON.stringify(fields));
  const idx = integer(made?.["id"]);
  const insert = database.prepare("INSERT INTO entries(idx, key, id) VALUES(?, ?, ?)");
  for (const row of database.prepare("SELECT id, json FROM records WHERE collection = ?").iterate(collection)) {
    const id = text(row["id"]);
    for (const key of indexKeys(fields, id, JSON.parse(text(row["json"]))))
      insert.run(idx, Buffer.from(key, "latin1"), id);
  }
  return idx;
}

/** Runs `work` in one transaction: all of it is there afterwards, and synced, or nothing. */
export function inTransaction<T>(database: Database, work: () => T): T {
  database.exec("BEGIN IMMEDIATE");
  try {
    const result = work();
    database.exec("COMMIT");
    return result;
  } catch (error) {
    rollback(database);
    throw error;
  }
}

/** SQLite has rolled back by itself after some errors; then there is nothing to end. */
function rollback(database: Database): void {
  try {
    database.exec("ROLLBACK");
  } catch (error) {
    if (!(error instanceof Error && error.message.includes("no transaction is active"))) throw error;
  }
}
