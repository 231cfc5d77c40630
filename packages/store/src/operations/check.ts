import { crc32 } from "node:zlib";
import { unpackChunk } from "../core/chunks.ts";
import { chunkOf } from "../sqlite/chunk-rows.ts";
import { bytes, type Database, integer, text } from "../sqlite/driver.ts";
import { hasJournal, sqliteContent } from "./sqlite-content.ts";
import { digestContent, type ContentDigest } from "./digest.ts";
import { atOneMoment, openForReading, requireStore } from "./embedded.ts";

/** Chunks that a quick check looks at. */
const SAMPLE = 1000;

export interface StoreCheck {
  readonly format: number;
  readonly streams: number;
  readonly records: number;
  /** Chunks whose checksums were compared. */
  readonly checked: number;
  /** What is wrong, in words; nothing when all is well. */
  readonly faults: readonly string[];
  /** Of a full check without faults. */
  readonly content?: ContentDigest;
}

/**
 * Looks at an embedded store, also while a server runs on it. Quick: SQLite's own check of the pages' structure and
 * the newest streams' messages; full: every page, every message, every index entry.
 */
export async function checkSqliteStore(where: {
  readonly folder: string;
  readonly full: boolean;
}): Promise<StoreCheck> {
  return checkFile(requireStore(where.folder), where.full);
}

/** The same of one file: a store's or a backup's. */
export async function checkFile(file: string, full: boolean): Promise<StoreCheck> {
  const database = await openForReading(file);
  try {
    return await atOneMoment(database, () => checkDatabase(database, full));
  } catch (error) {
    // A page that cannot be read ends whatever read it.
    return { format: 0, streams: 0, records: 0, checked: 0, faults: [messageOf(error)] };
  } finally {
    database.close();
  }
}

async function checkDatabase(database: Database, full: boolean): Promise<StoreCheck> {
  const faults = [...pageFaults(database, full), ...journalFaults(database)];
  const count = (table: string) => integer(database.prepare(`SELECT count(*) AS n FROM ${table}`).get()?.["n"]);
  const found = {
    format: integer(database.prepare("PRAGMA user_version").get()?.["user_version"]),
    streams: count("streams"),
    records: count("records"),
  };
  if (!full) {
    const sample = sampleFaults(database);
    return { ...found, checked: sample.checked, faults: [...faults, ...sample.faults] };
  }
  if (faults.length > 0) return { ...found, checked: 0, faults };
  const whole = await contentOf(database);
  if (typeof whole === "string") return { ...found, checked: 0, faults: [whole] };
  return { ...found, checked: count("chunks"), faults: entryFaults(database), content: whole };
}

/** The digest, or why there is none. */
async function contentOf(database: Database): Promise<ContentDigest | string> {
  try {
    return await digestContent(sqliteContent(database));
  } catch (error) {
    return messageOf(error);
  }
}

function pageFaults(database: Database, full: boolean): string[] {
  const found = database.prepare(full ? "PRAGMA integrity_check(10)" : "PRAGMA quick_check(10)").all();
  return found.map((row) => text(Object.values(row)[0])).filter((line) => line !== "ok");
}

function sampleFaults(database: Database): { checked: number; faults: string[] } {
  const rows = database.prepare(
    `SELECT stream, start, count, crc, body FROM chunks ORDER BY stream DESC, start DESC LIMIT ${SAMPLE}`,
  );
  const faults: string[] = [];
  let checked = 0;
  for (const row of rows.iterate()) {
    checked++;
    const chunk = chunkOf(row);
    if (!unpackChunk(chunk))
      faults.push(`Messages from ${chunk.start} of stream ${integer(row["stream"])} are not what was written.`);
  }
  return { checked, faults: faults.slice(0, 10) };
}

/** Rows that a start has found damaged are set aside under negative numbers. */
function journalFaults(database: Database): string[] {
  if (!hasJournal(database)) return [];
  const faults: string[] = [];
  for (const row of database.prepare("SELECT seq, crc, body FROM journal ORDER BY seq").iterate())
    if (integer(row["seq"]) < 0 || crc32(bytes(row["body"])) !== integer(row["crc"]))
      faults.push(`Row ${integer(row["seq"])} of the journal is not what was written.`);
  return faults.slice(0, 10);
}

function entryFaults(database: Database): string[] {
  const lost = database
    .prepare(
      "SELECT count(*) AS n FROM entries e JOIN indexes i ON i.id = e.idx " +
        "WHERE NOT EXISTS (SELECT 1 FROM records r WHERE r.collection = i.collection AND r.id = e.id)",
    )
    .get();
  const count = integer(lost?.["n"]);
  return count === 0 ? [] : [`${count} entries of indexes have no record.`];
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
