import { constants } from "node:fs";
import { chmod, copyFile, link, mkdir, open, rename, rm, stat } from "node:fs/promises";
import { randomUUID } from "node:crypto";
import { dirname, join } from "node:path";
import { SkeinError } from "@skein/protocol";
import { loadSqlite } from "../sqlite/driver.ts";
import { storeFiles } from "../sqlite/files.ts";
import { checkFile } from "./check.ts";
import type { ContentDigest } from "./digest.ts";
import { openForReading, requireStore, withLock } from "./embedded.ts";

export interface Backup {
  readonly file: string;
  readonly size: number;
  readonly content: ContentDigest;
}

/**
 * Writes a backup of an embedded store into a new file, also while a server runs on it: the copy is of one moment, and
 * the server's writer waits for nothing but the disk. The file is a database of its own, checked in full and synced
 * before it has its name.
 */
export async function backupStore(options: { readonly folder: string; readonly file: string }): Promise<Backup> {
  const source = requireStore(options.folder);
  await refuseExisting(options.file);
  await mkdir(dirname(options.file), { recursive: true, mode: 0o700 });
  const draft = `${options.file}.${randomUUID()}.part`;
  try {
    // Refuses what is not ours, or newer.
    (await openForReading(source)).close();
    // Made by us and not by SQLite: what is in it is for its owner only.
    await (await open(draft, "wx", 0o600)).close();
    const database = (await loadSqlite())(source);
    try {
      database.exec("PRAGMA busy_timeout = 5000");
      database.prepare("VACUUM INTO ?").run(draft);
    } finally {
      database.close();
    }
    const content = await verified(draft);
    await sync(draft);
    // Unlike a rename, a link does not take the place of a file that came meanwhile.
    await link(draft, options.file);
    await sync(dirname(options.file));
    return { file: options.file, size: (await stat(options.file)).size, content };
  } finally {
    await rm(draft, { force: true });
  }
}

/**
 * Puts a backup where a store is to be. Checks all of it first, and refuses where a store is, or where a server runs.
 * Interrupted, it leaves no store, and can be done again.
 */
export async function restoreStore(options: { readonly folder: string; readonly file: string }): Promise<Backup> {
  const content = await verified(options.file);
  await mkdir(options.folder, { recursive: true, mode: 0o700 });
  return withLock(options.folder, async () => {
    const { database, moved } = storeFiles(options.folder);
    for (const there of [database, `${database}-wal`, moved]) await refuseExisting(there);
    const draft = join(options.folder, `restore.${randomUUID()}.part`);
    try {
      await copyFile(options.file, draft, constants.COPYFILE_EXCL);
      await chmod(draft, 0o600);
      await sync(draft);
      const copied = await verified(draft);
      if (copied.digest !== content.digest) throw new SkeinError("internal", "The copy differs from the backup.");
      await rename(draft, database);
      await sync(options.folder);
      return { file: database, size: (await stat(database)).size, content };
    } finally {
      for (const left of [draft, `${draft}-wal`, `${draft}-shm`]) await rm(left, { force: true });
    }
  });
}

async function verified(file: string): Promise<ContentDigest> {
  await mustExist(file);
  const { faults, content } = await checkFile(file, true);
  if (faults.length === 0 && content) return content;
  throw new SkeinError("invalid_request", `${file} is damaged: ${faults.join(" ")}`);
}

async function mustExist(file: string): Promise<void> {
  if (!(await exists(file))) throw new SkeinError("not_found", `There is no file ${file}.`);
}

async function refuseExisting(file: string): Promise<void> {
  if (await exists(file))
    throw new SkeinError("conflict", `${file} is there already, and nothing is overwritten. Choose another place.`);
}

async function exists(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    () => false,
  );
}

async function sync(path: string): Promise<void> {
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
