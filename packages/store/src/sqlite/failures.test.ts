import { expect, test } from "vitest";
import { append, create, decode, produce } from "../testing/fixture.ts";
import { temporaryFolder } from "../testing/temporary-store.ts";
import { loadSqlite } from "./driver.ts";
import { storeFiles } from "./files.ts";
import type { StoreEvent } from "../core/observe.ts";
import { createSqliteStore } from "./store.ts";

test("[ST135] when the disk fails, all waiting commits reject with `unavailable`, and the store goes on afterwards", async () => {
  const folder = await temporaryFolder();
  const events: StoreEvent[] = [];
  const observe = (event: StoreEvent) => void events.push(event);
  const store = await createSqliteStore({ path: folder.path, collections: {}, observe });
  await store.commit([create("/a"), produce("/a", "1", "p", 0, 0)]);
  const saboteur = (await loadSqlite())(storeFiles(folder.path).database);
  saboteur.exec("CREATE TRIGGER trouble BEFORE INSERT ON journal BEGIN SELECT RAISE(ABORT, 'the disk is gone'); END");
  const failed = await Promise.allSettled([
    store.commit([produce("/a", "2", "p", 0, 1)]),
    store.commit([create("/b")]),
    store.commit([{ ...append("/a", "x"), expectedHead: 7 }]),
  ]);
  for (const outcome of failed)
    expect(outcome).toMatchObject({ status: "rejected", reason: { code: "unavailable", name: "SkeinError" } });
  expect(failed[0]).toMatchObject({ reason: { message: expect.stringContaining("the disk is gone") } });
  expect(events.at(-1)).toMatchObject({ kind: "group-failed", commits: 3 });
  expect(await store.getStream("/b")).toBeUndefined();
  expect(await store.getProducer("/a", "p")).toEqual({ epoch: 0, seq: 0 });
  saboteur.exec("DROP TRIGGER trouble");
  saboteur.close();
  expect((await store.commit([produce("/a", "2", "p", 0, 1)])).kind).toBe("committed");
  await store.close();
  await folder.remove();
});

test("[ST136] damaged messages are reported and never given; everything else stays readable", async () => {
  const folder = await temporaryFolder();
  // Nothing waits in the journal: what that means is in journal.test.ts.
  const journal = { bytes: 0, foldBytes: 0 };
  const store = await createSqliteStore({ path: folder.path, collections: {}, journal });
  await store.commit([create("/a"), create("/b"), append("/b", "fine")]);
  for (const text of ["0", "1", "2"]) await store.commit([append("/a", text)]);
  const saboteur = (await loadSqlite())(storeFiles(folder.path).database);
  saboteur.exec("UPDATE chunks SET body = CAST('X' AS BLOB) WHERE start = 1");
  const reading = store.readStream("/a", { from: 0 });
  await expect(reading).rejects.toMatchObject({ code: "internal", message: expect.stringContaining("position 1") });
  saboteur.exec("DELETE FROM chunks WHERE start = 1");
  await expect(store.readStream("/a", { last: 3 })).rejects.toMatchObject({ code: "internal" });
  saboteur.close();
  for (const range of [{ from: 2 }, { last: 1 }]) {
    const page = await store.readStream("/a", range);
    expect(page.kind === "read" && page.messages.map(({ body }) => decode(body))).toEqual(["2"]);
  }
  expect(await store.readStream("/b", { from: 0 })).toMatchObject({ kind: "read", next: 1 });
  expect((await store.commit([append("/a", "3")])).kind).toBe("committed");
  await store.close();
  await folder.remove();
});
