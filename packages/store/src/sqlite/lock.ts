import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { SkeinError } from "@skein/protocol";
import type { Database, OpenDatabase } from "./driver.ts";
import { storeFiles } from "./files.ts";

const SQLITE_BUSY = 5;

/**
 * One process per folder. The lock is an open exclusive transaction on an empty database beside the real one: the
 * operating system holds it and lets it go with the process, however that ends, so it is never stale. Whose it is
 * stands in a file of its own (reading the locked one would release the lock) and is only for the message.
 */
export function acquireLock(folder: string, open: OpenDatabase): { release(): void } {
  const { lock, owner } = storeFiles(folder);
  const database = open(lock);
  try {
    database.exec("BEGIN EXCLUSIVE");
  } catch (error) {
    database.close();
    if (isBusy(error)) throw new SkeinError("unavailable", refusal(folder, owner), { cause: error });
    throw error;
  }
  writeFileSync(owner, `${process.pid}\n`, { mode: 0o600 });
  return { release: () => releaseLock(database, owner) };
}

function releaseLock(database: Database, owner: string): void {
  rmSync(owner, { force: true });
  database.exec("ROLLBACK");
  database.close();
}

function refusal(folder: string, owner: string): string {
  const pid = readOwner(owner);
  const who = pid === undefined ? "another process" : `another process (pid ${pid})`;
  return `The store in ${folder} is in use by ${who}. Stop it first, or choose another folder.`;
}

/** The file may be missing or half-written when the other process is just starting. */
function readOwner(file: string): number | undefined {
  try {
    const pid = Number.parseInt(readFileSync(file, "utf8"), 10);
    return Number.isSafeInteger(pid) ? pid : undefined;
  } catch {
    return undefined;
  }
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && "errcode" in error && error.errcode === SQLITE_BUSY;
}
