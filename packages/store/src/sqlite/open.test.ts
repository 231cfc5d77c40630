import { once } from "node:events";
import { rmSync, statSync, writeFileSync } from "node:fs";
import { crc32 } from "node:zlib";
import { checkSqliteStore } from "../operations/check.ts";
import { createInterface } from "node:readline";
import { expect, test } from "vitest";
import { runChild } from "../testing/child.ts";
import { append, create, decode, Fixture, put, TestClock } from "../testing/fixture.ts";
import { openTemporaryStore, temporaryFolder } from "../testing/temporary-store.ts";
import { loadSqlite } from "./driver.ts";
import { storeFiles } from "./files.ts";
import { openWriter } from "./open-writer.ts";
import { FORMAT } from "./schema.ts";
import { createSqliteStore } from "./store.ts";

test("[ST121] a second process on the folder is refused and told whose it is; a killed owner leaves no lock", async () => {
  const folder = await temporaryFolder();
  const store = await createSqliteStore({ path: folder.path, collections: {} });
  const second = runChild("./lock-holder.ts", [folder.path]);
  const [refusal] = await once(createInterface({ input: second.process.stdout }), "line");
  expect(refusal).toContain("unavailable");
  expect(refusal).toContain(`pid ${process.pid}`);
  expect(refusal).toContain(folder.path);
  expect(await second.exited).toBe(0);
  await expect(createSqliteStore({ path: folder.path, collections: {} })).rejects.toMatchObject({
    code: "unavailable",
  });
  expect((await store.commit([create("/still-works")])).kind).toBe("committed");
  await store.close();

  const owner = runChild("./lock-holder.ts", [folder.path]);
  const [said] = await once(createInterface({ input: owner.process.stdout }), "line");
  expect(said).toBe("open");
  await expect(createSqliteStore({ path: folder.path, collections: {} })).rejects.toThrow(`pid ${owner.process.pid}`);
  owner.process.kill("SIGKILL");
  await owner.exited;
  const again = await createSqliteStore({ path: folder.path, collections: {} });
  expect(await again.getStream("/still-works")).toBeDefined();
  await again.close();
  await folder.remove();
});

test("[ST121] whoever has the database to itself for a moment delays a start and does not refuse it", async () => {
  const folder = await temporaryFolder();
  const { database } = storeFiles(folder.path);
  const holder = runChild("./brief-holder.ts", [database]);
  const [said] = await once(createInterface({ input: holder.process.stdout }), "line");
  expect(said).toBe("held");
  const open = await loadSqlite();
  const opened = openWriter({ folder: folder.path, collections: {} }, (file) => {
    // Told at the last moment, so that it still has the file when the first statement comes.
    if (file === database) holder.process.kill("SIGTERM");
    return open(file);
  });
  expect(opened.writer).toBeDefined();
  opened.close();
  expect(await holder.exited).toBe(0);
  await folder.remove();
});

test("[ST122] a store of a newer format is refused and left as it is", async () => {
  const folder = await temporaryFolder();
  const open = await loadSqlite();
  const newer = open(storeFiles(folder.path).database);
  newer.exec(`PRAGMA user_version = ${FORMAT + 1}; CREATE TABLE future(x);`);
  newer.close();
  const opening = createSqliteStore({ path: folder.path, collections: { a: {} } });
  await expect(opening).rejects.toMatchObject({ code: "unavailable", message: expect.stringContaining("newer") });
  const after = open(storeFiles(folder.path).database);
  expect(after.prepare("SELECT name FROM sqlite_master").all()).toMatchObject([{ name: "future" }]);
  after.close();
  await folder.remove();
});

test("[ST147] a store of an older format is taken over, with everything in it", async () => {
  const folder = await temporaryFolder();
  const texts = ["first", "", "third"];
  const made = await createSqliteStore({ path: folder.path, collections: {} });
  await made.commit([create("/a"), append("/a", ...texts)]);
  await made.close();
  const older = (await loadSqlite())(storeFiles(folder.path).database);
  // Format 1 had no journal, another column, and nothing between the messages of a chunk.
  const lengths = Buffer.alloc(12);
  for (const [index, text] of texts.entries()) lengths.writeUInt32LE(text.length, index * 4);
  const body = Buffer.concat([lengths, Buffer.from(texts.join(""))]);
  older.exec("DROP TABLE journal; ALTER TABLE streams ADD COLUMN folded INTEGER NOT NULL DEFAULT 0");
  older.prepare("UPDATE chunks SET body = ?, crc = ?").run(body, crc32(body));
  older.exec("PRAGMA user_version = 1");
  older.close();
  expect(await checkSqliteStore({ folder: folder.path, full: true })).toMatchObject({ format: 1, faults: [] });

  const store = await createSqliteStore({ path: folder.path, collections: {} });
  await store.commit([append("/a", "fourth")]);
  const read = await store.readStream("/a", { from: 0 });
  expect(read.kind === "read" && read.messages.map((message) => decode(message.body))).toEqual([...texts, "fourth"]);
  const runs = await store.readRuns("/a", { from: 1, limit: 2 });
  expect(runs.kind === "read" && runs.runs.map((run) => decode(run.body))).toEqual([",third"]);
  await store.close();
  expect(await checkSqliteStore({ folder: folder.path, full: true })).toMatchObject({ format: FORMAT, faults: [] });
  await folder.remove();
});

test("[ST123] a new, changed or forgotten index is brought in order when the store is opened", async () => {
  const folder = await temporaryFolder();
  const openWith = (indexes: Record<string, readonly string[]>) =>
    createSqliteStore({ path: folder.path, collections: { things: { indexes } } });
  const find = async (store: Awaited<ReturnType<typeof openWith>>, index: string, scalar: string | number) =>
    (await store.queryRecords({ collection: "things", index, equals: [scalar], limit: 9 })).records.map(({ id }) => id);

  const first = await openWith({});
  await first.commit([put("things", "1", { a: "x", b: 1 }), put("things", "2", { a: "y", b: 1 })]);
  await first.close();
  const second = await openWith({ letter: ["a"] });
  expect(await find(second, "letter", "y")).toEqual(["2"]);
  await second.close();
  const third = await openWith({ letter: ["b"] });
  expect(await find(third, "letter", 1)).toEqual(["1", "2"]);
  await third.close();
  const without = await openWith({});
  await without.commit([put("things", "1", { b: 2 })]);
  await expect(find(without, "letter", 1)).rejects.toThrow("no index");
  await without.close();
  const last = await openWith({ letter: ["b"] });
  expect([await find(last, "letter", 1), await find(last, "letter", 2)]).toEqual([["2"], ["1"]]);
  await last.close();
  await folder.remove();
});

test("[ST124] only the owner may read the store's files", async () => {
  const folder = await temporaryFolder();
  const path = `${folder.path}/made`;
  const store = await createSqliteStore({ path, collections: {} });
  await store.commit([create("/a")]);
  const { database, owner } = storeFiles(path);
  expect(statSync(path).mode & 0o777).toBe(0o700);
  for (const file of [database, `${database}-wal`, owner]) expect(statSync(file).mode & 0o077).toBe(0);
  await store.close();
  await folder.remove();
});

test("[ST125] reads are done on a connection that cannot write, and the writer's waiting holds up nothing else", async () => {
  const clock = new TestClock();
  const folder = await temporaryFolder();
  const store = await createSqliteStore({ path: folder.path, collections: {}, now: clock.now });
  const on = new Fixture(store, clock);
  const path = await on.stream(["a"]);
  // Somebody else has the database: the writer has to wait, as it does for a slow disk.
  const other = (await loadSqlite())(storeFiles(folder.path).database);
  other.exec("BEGIN IMMEDIATE");
  let done = false;
  const commit = store.commit([append(path, "b")]).finally(() => (done = true));
  for (let turn = 0; turn < 200; turn++) {
    await new Promise((resolve) => setImmediate(resolve));
    expect(await on.texts(path)).toEqual(["a"]);
  }
  expect(done).toBe(false);
  other.exec("ROLLBACK");
  other.close();
  expect((await commit).kind).toBe("committed");
  expect(await on.texts(path)).toEqual(["a", "b"]);
  await store.close();
  await folder.remove();
});

test("[ST126] commits made at the same time share a sync", async () => {
  const groups: number[] = [];
  const opened = await openTemporaryStore({
    collections: {},
    observe: (event) => {
      if (event.kind === "group" && event.synced) groups.push(event.commits);
    },
  });
  const { store } = opened;
  await store.commit(Array.from({ length: 100 }, (_, index) => create(`/${index}`)));
  groups.length = 0;
  const commits = Array.from({ length: 100 }, (_, index) => store.commit([append(`/${index}`, "a")]));
  for (const outcome of await Promise.all(commits)) expect(outcome.kind).toBe("committed");
  expect(groups.reduce((sum, commits) => sum + commits, 0)).toBe(100);
  expect(groups.length).toBeLessThanOrEqual(2);
  // Nothing durable changes: nothing is synced.
  groups.length = 0;
  await store.commit([create("/0")]);
  await store.commit([{ ...create("/live"), ephemeral: { maxBytes: 100, idleMs: 1000 } }, append("/live", "x")]);
  expect(groups).toEqual([]);
  await opened.dispose();
});

test("[ST138] a folder that cannot be used is refused by name, and nothing stays locked", async () => {
  const folder = await temporaryFolder();
  writeFileSync(`${folder.path}/file`, "not a folder");
  const notFolder = `${folder.path}/file/store`;
  await expect(createSqliteStore({ path: notFolder, collections: {} })).rejects.toMatchObject({
    code: "unavailable",
    message: expect.stringContaining(notFolder),
  });
  const { database } = storeFiles(folder.path);
  writeFileSync(database, "This is not a database. ".repeat(500));
  await expect(createSqliteStore({ path: folder.path, collections: {} })).rejects.toMatchObject({
    code: "unavailable",
    message: expect.stringMatching(/cannot be opened.*not a database/),
  });
  rmSync(database);
  const store = await createSqliteStore({ path: folder.path, collections: {} });
  await store.close();
  await folder.remove();
});
