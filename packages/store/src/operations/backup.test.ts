import { existsSync } from "node:fs";
import { mkdir, open as openFile, readdir, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { createSqliteStore } from "../sqlite/store.ts";
import { loadSqlite } from "../sqlite/driver.ts";
import { storeFiles } from "../sqlite/files.ts";
import { FORMAT } from "../sqlite/schema.ts";
import { runChild } from "../testing/child.ts";
import { CONTRACT_COLLECTIONS as collections } from "../testing/collections.ts";
import { checkAfterCrash, crashCollections } from "../testing/crash-rules.ts";
import { append, decode } from "../testing/fixture.ts";
import { writeSample } from "../testing/sample-content.ts";
import { temporaryFolder } from "../testing/temporary-store.ts";
import { backupStore, restoreStore } from "./backup.ts";
import { checkSqliteStore } from "./check.ts";

async function folderForTest(): Promise<string> {
  const folder = await temporaryFolder();
  onTestFinished(() => folder.remove());
  return folder.path;
}

/** A store in `data` with a bit of everything, closed; and where a backup of it may be. */
async function sample(): Promise<{ data: string; file: string; home: string }> {
  const home = await folderForTest();
  const data = join(home, "data");
  const store = await createSqliteStore({ path: data, collections });
  await writeSample(store);
  await store.close();
  return { home, data, file: join(home, "backups", "one.backup") };
}

test("[ST140] a backup has everything, is its owner's only, and a restored store is equal and goes on", async () => {
  const { home, data, file } = await sample();
  const before = await checkSqliteStore({ folder: data, full: true });
  const backup = await backupStore({ folder: data, file });
  expect(before.faults).toEqual([]);
  expect(backup.content).toEqual(before.content);
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  expect(await readdir(join(file, ".."))).toEqual(["one.backup"]);

  const restored = join(home, "restored");
  expect((await restoreStore({ folder: restored, file })).content).toEqual(backup.content);
  const store = await createSqliteStore({ path: restored, collections });
  const page = await store.readStream("/fork-of-fork", { last: 2 });
  expect(page.kind === "read" && page.messages.map(({ body }) => decode(body))).toEqual(["p26", "own"]);
  expect((await store.commit([append("/plain", "more")])).kind).toBe("committed");
  await store.close();
  expect((await readdir(restored)).filter((name) => name.endsWith(".part"))).toEqual([]);
});

test("[ST140] a backup of a store under load is of one moment, and the writer goes on", async () => {
  const home = await folderForTest();
  const data = join(home, "data");
  const child = runChild("./crash-writer.ts", ["4", data]);
  const acknowledged = new Map<number, number>();
  let begin = (): void => {};
  const loaded = new Promise<void>((resolve) => (begin = resolve));
  const reading = (async () => {
    for await (const line of child.lines) {
      const [writer, seq] = line.split(" ").map(Number);
      if (writer === undefined || seq === undefined) continue;
      acknowledged.set(writer, seq);
      if (seq === 20) begin();
    }
  })();
  await loaded;
  const before = new Map(acknowledged);
  const file = join(home, "under-load.backup");
  await backupStore({ folder: data, file });
  const after = new Map(acknowledged);
  await child.kill();
  await reading;
  expect(child.errors()).toBe("");
  expect([...after.values()].some((seq, at) => seq > ([...before.values()][at] ?? 0))).toBe(true);

  const restored = join(home, "restored");
  await restoreStore({ folder: restored, file });
  const store = await createSqliteStore({ path: restored, collections: crashCollections });
  // Whole commits of every writer, at least up to what was acknowledged when the backup began.
  const faults = await checkAfterCrash(store, 4, before);
  expect(faults.filter((fault) => !/acknowledged \d+ and has \d+ messages/.test(fault))).toEqual([]);
  await store.close();
});

test("[ST141] a restore overwrites nothing and takes nothing that is damaged, foreign or newer", async () => {
  const { home, data, file } = await sample();
  await backupStore({ folder: data, file });
  const restore = (folder: string, from = file) => restoreStore({ folder: join(home, folder), file: from });

  await expect(restore("data")).rejects.toMatchObject({ code: "conflict" });
  const running = await createSqliteStore({ path: join(home, "running"), collections });
  await expect(restore("running")).rejects.toMatchObject({ code: "unavailable" });
  await running.close();
  await expect(backupStore({ folder: data, file })).rejects.toMatchObject({ code: "conflict" });
  await expect(restore("new", join(home, "none"))).rejects.toMatchObject({ code: "not_found" });
  await expect(backupStore({ folder: join(home, "none"), file: join(home, "x") })).rejects.toMatchObject({
    code: "not_found",
  });

  const foreign = join(home, "foreign");
  await writeFile(foreign, "This is not a database. ".repeat(500));
  await expect(restore("new", foreign)).rejects.toThrow(/not a database/);
  await writeFile(foreign, "");
  await expect(restore("new", foreign)).rejects.toThrow(/not a store/);
  const open = await loadSqlite();
  const change = (sql: string) => {
    const database = open(file);
    database.exec(sql);
    database.close();
  };
  change(`PRAGMA user_version = ${FORMAT + 1}`);
  await expect(restore("new")).rejects.toThrow(/newer version/);
  change(`PRAGMA user_version = ${FORMAT}; UPDATE chunks SET body = zeroblob(length(body))`);
  await expect(restore("new")).rejects.toThrow(/damaged/);
  expect(existsSync(storeFiles(join(home, "new")).database)).toBe(false);
});

test("[ST142] a check finds damaged messages, lost messages, lost records and damaged pages", async () => {
  const { data } = await sample();
  const open = await loadSqlite();
  const { database: file } = storeFiles(data);
  const faultsAfter = async (damage: string, full: boolean) => {
    const database = open(file);
    database.exec(`SAVEPOINT s; ${damage}; RELEASE s`);
    database.close();
    return (await checkSqliteStore({ folder: data, full })).faults.join(" ");
  };
  expect(await faultsAfter("SELECT 1", false)).toBe("");
  expect(await faultsAfter("DELETE FROM records WHERE id = '2'", true)).toMatch(/entries of indexes have no record/);
  expect(await faultsAfter("UPDATE chunks SET crc = crc + 1 WHERE stream = 1 AND start = 0", false)).toMatch(
    /stream 1/,
  );
  expect(await faultsAfter("DELETE FROM chunks WHERE stream = 1 AND start = 0", true)).toMatch(/\/plain .* position 0/);
  // What is still in the log would be read from there.
  await faultsAfter("RELEASE s; PRAGMA wal_checkpoint(TRUNCATE); SAVEPOINT s", false);
  const bytes = Buffer.alloc(4096 * 3, 0x5a);

  const handle = await openFile(file, "r+");
  await handle.write(bytes, 0, bytes.length, 4096 * 2);
  await handle.close();
  expect((await checkSqliteStore({ folder: data, full: false })).faults.length).toBeGreaterThan(0);
  await rm(data, { recursive: true });
  await mkdir(data);
  await expect(checkSqliteStore({ folder: data, full: false })).rejects.toMatchObject({ code: "not_found" });
});
