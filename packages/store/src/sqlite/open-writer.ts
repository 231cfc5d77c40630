import { closeSync, fsyncSync, mkdirSync, openSync } from "node:fs";
import { dirname } from "node:path";
import type { OpenDatabase } from "./driver.ts";
import { storeFiles } from "./files.ts";
import { acquireLock } from "./lock.ts";
import { refuseMoved } from "./moved.ts";
import { configure, prepareIndexes, prepareTables, waitForOthers } from "./schema.ts";
import type { WriterStart } from "./wire.ts";
import { Writer } from "./writer.ts";

export interface OpenWriter {
  readonly writer: Writer;
  close(): void;
}

function syncFolder(path: string): void {
  // Windows has no such thing.
  if (process.platform === "win32") return;
  const folder = openSync(path, "r");
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

/** On a full disk what is in the journal stays there, and is moved at the next start. */
function settleAtEnd(writer: Writer): void {
  try {
    writer.settle();
  } catch {
    return;
  }
}

/** Locks the folder, brings the tables to this version, and gives the writer. Throws with nothing left open. */
export function openWriter(start: WriterStart, open: OpenDatabase): OpenWriter {
  const made = mkdirSync(start.folder, { recursive: true, mode: 0o700 });
  // SQLite syncs this folder when it makes its log; that the folder is there stands in the one above.
  if (made !== undefined) syncFolder(dirname(made));
  const lock = acquireLock(start.folder, open);
  try {
    refuseMoved(start.folder);
    const file = storeFiles(start.folder).database;
    // Made by us and not by SQLite: sessions are for their owner's eyes, also in a folder that others may enter.
    closeSync(openSync(file, "a", 0o600));
    const database = open(file);
    try {
      waitForOthers(database);
      prepareTables(database, start.folder);
      configure(database, "writer");
      const writer = new Writer(database, prepareIndexes(database, start.collections), start.journal);
      writer.settle();
      return {
        writer,
        close: () => {
          settleAtEnd(writer);
          database.close();
          lock.release();
        },
      };
    } catch (error) {
      database.close();
      throw error;
    }
  } catch (error) {
    lock.release();
    throw error;
  }
}
