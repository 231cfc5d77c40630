import { existsSync } from "node:fs";
import { SkeinError } from "@skein/protocol";
import { type Database, integer, loadSqlite } from "../sqlite/driver.ts";
import { storeFiles } from "../sqlite/files.ts";
import { acquireLock } from "../sqlite/lock.ts";
import { FORMAT } from "../sqlite/schema.ts";

export function requireStore(folder: string): string {
  const { database } = storeFiles(folder);
  if (existsSync(database)) return database;
  throw new SkeinError("not_found", `There is no store in ${folder}.`);
}

/** Opens the database of a store or of a backup for reading, beside whoever has it open. */
export async function openForReading(file: string): Promise<Database> {
  const database = (await loadSqlite())(file);
  try {
    database.exec("PRAGMA busy_timeout = 5000; PRAGMA query_only = 1");
    const format = integer(database.prepare("PRAGMA user_version").get()?.["user_version"]);
    if (format === 0) throw new SkeinError("invalid_request", `${file} is not a store of Skein.`);
    if (format > FORMAT)
      throw new SkeinError(
        "unavailable",
        `${file} was written by a newer version of Skein (format ${format}; this one reads up to ${FORMAT}). Update Skein.`,
      );
    return database;
  } catch (error) {
    database.close();
    if (error instanceof SkeinError) throw error;
    const why = error instanceof Error ? error.message : String(error);
    throw new SkeinError("invalid_request", `${file} cannot be read: ${why}`, { cause: error });
  }
}

/** Does `work` on what the database is at this moment, and leaves no lock on it. */
export async function atOneMoment<T>(database: Database, work: () => Promise<T>): Promise<T> {
  database.exec("BEGIN");
  try {
    return await work();
  } finally {
    // Closing alone would not end it while a statement is not collected yet.
    database.exec("ROLLBACK");
  }
}

/** Does `work` while no server can have the folder open. Refuses while one has. */
export async function withLock<T>(folder: string, work: () => Promise<T>): Promise<T> {
  const lock = acquireLock(folder, await loadSqlite());
  try {
    return await work();
  } finally {
    lock.release();
  }
}
