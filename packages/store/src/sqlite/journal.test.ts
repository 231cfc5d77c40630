import { cp } from "node:fs/promises";
import { expect, onTestFinished, test } from "vitest";
import { packChunk } from "../core/chunks.ts";
import { messagesOf, singleRun, withMessages } from "../core/runs.ts";
import { checkSqliteStore } from "../operations/check.ts";
import type { Operation, ReadRange } from "../store.ts";
import { openDirectWriter } from "../testing/direct-writer.ts";
import { append, create, decode, fork, remove } from "../testing/fixture.ts";
import { seeded } from "../testing/seeded.ts";
import { SMALL_JOURNAL } from "../testing/small-journal.ts";
import { temporaryFolder } from "../testing/temporary-store.ts";
import { loadSqlite } from "./driver.ts";
import { storeFiles } from "./files.ts";
import { layOut } from "./journal-mirror.ts";
import { packJournalRow, unpackJournalRow } from "./journal-row.ts";
import type { Reader } from "./reader.ts";

function texts(reader: Reader, path: string, range: ReadRange = { from: 0, maxBytes: 1e9 }): string[] {
  const outcome = withMessages(reader.read(path, range, 0));
  return outcome.kind === "read" ? outcome.messages.map(({ body }) => decode(body)) : [outcome.kind];
}

const PATHS = Array.from({ length: 12 }, (_, index) => `/${index}`);

/** One group of commits at random, and what the streams have afterwards. */
function randomGroup(
  random: () => number,
  before: ReadonlyMap<string, readonly string[]>,
  forked: Set<string>,
  round: number,
) {
  const after = new Map(before);
  const commits: Operation[][] = [];
  const some = () => PATHS[Math.floor(random() ** 2 * PATHS.length)] ?? "/0";
  for (let left = 1 + Math.floor(random() * 6); left > 0; left--) {
    const path = some();
    const known = after.get(path);
    const dice = random();
    if (!known) {
      const source = some();
      const parent = random() < 0.3 ? after.get(source) : undefined;
      if (parent) {
        const position = Math.floor(random() * (parent.length + 1));
        commits.push([fork(path, source, position)]);
        forked.add(source);
        after.set(path, parent.slice(0, position));
      } else {
        commits.push([create(path)]);
        after.set(path, []);
      }
    } else if (dice < 0.05 && !forked.has(path)) {
      commits.push([remove(path)]);
      after.delete(path);
    } else {
      const count = 1 + Math.floor(random() * 3);
      const size = dice > 0.97 ? 9000 : Math.floor(random() * 200);
      const added = Array.from({ length: count }, (_, n) => `${round}.${left}.${n},`.padEnd(size, "#"));
      commits.push([append(path, ...added)]);
      after.set(path, [...known, ...added]);
    }
  }
  return { commits, after };
}

test("[ST139] whatever is moved from the journal and when, every message is read once and in order", async () => {
  const random = seeded(77);
  const home = await temporaryFolder();
  onTestFinished(() => home.remove());
  const open = () => openDirectWriter({ folder: home.path, journal: SMALL_JOURNAL });
  let on = await open();
  // Deleted they would only be hidden, and their paths taken.
  const forked = new Set<string>();
  let known: ReadonlyMap<string, readonly string[]> = new Map();
  for (let round = 0; round < 700; round++) {
    const { commits, after } = randomGroup(random, known, forked, round);
    if (random() < 0.03) {
      // The disk fails: nothing of the group is there, and what is remembered is found again.
      on.writing.beforeExec = (sql) => {
        if (sql === "COMMIT") throw new Error("disk I/O error");
      };
      expect(() => on.group(commits)).toThrow("disk I/O error");
      on.writing.beforeExec = () => {};
    } else {
      for (const outcome of on.group(commits)) expect(outcome.kind).toBe("committed");
      known = after;
    }
    if (random() < 0.01) {
      on.close();
      on = await open();
      expect(on.count("journal")).toBe(0);
    }
    const path = PATHS[Math.floor(random() * PATHS.length)] ?? "";
    const all = known.get(path);
    if (!all) continue;
    const at = Math.floor(random() * (all.length + 1));
    const limit = 1 + Math.floor(random() * 40);
    expect(texts(on.reader, path, { from: at, limit })).toEqual(all.slice(at, at + limit));
    expect(texts(on.reader, path, { before: at, limit })).toEqual(all.slice(Math.max(0, at - limit), at));
  }
  expect(Number(on.count("chunks"))).toBeGreaterThan(50);
  for (const [path, all] of known) expect(texts(on.reader, path)).toEqual(all);
  on.close();
});

test("[ST139] a store that was not closed has everything again, and an empty journal", async () => {
  const on = await openDirectWriter();
  on.commit(create("/a"), create("/b"));
  const expected = Array.from({ length: 300 }, (_, index) => `${index}`.padEnd(100, "."));
  for (const text of expected) on.group([[append("/a", text)], [append("/b", text.slice(0, 3))]]);
  on.commit(fork("/c", "/a", 299), append("/c", "own"), remove("/b"));
  expect(Number(on.count("journal"))).toBeGreaterThan(0);
  const image = await temporaryFolder();
  await cp(on.folder, image.path, { recursive: true });
  const again = await openDirectWriter({ folder: image.path });
  expect(again.count("journal")).toBe(0);
  expect(texts(again.reader, "/a")).toEqual(expected);
  expect(texts(again.reader, "/c")).toEqual([...expected.slice(0, 299), "own"]);
  // Numbers of streams are not given again while anything of them is left.
  again.commit(create("/d"), append("/d", "new"));
  expect(texts(again.reader, "/d")).toEqual(["new"]);
  again.close();
  await image.remove();
  await on.dispose();
});

test("[ST139] the journal stays small, also when many streams get a little each", async () => {
  const on = await openDirectWriter({ journal: SMALL_JOURNAL });
  on.group(Array.from({ length: 300 }, (_, index) => [create(`/${index}`)]));
  for (let round = 0; round < 20; round++)
    on.group(
      Array.from({ length: 50 }, (_, index) => [append(`/${(round * 50 + index) % 300}`, `${round}`.repeat(40))]),
    );
  const held = on.reading.prepare("SELECT sum(length(body)) AS bytes FROM journal").get()?.["bytes"];
  expect(Number(held)).toBeLessThan(2 * SMALL_JOURNAL.bytes);
  for (let index = 0; index < 300; index++) expect(texts(on.reader, `/${index}`)).toHaveLength(index < 100 ? 4 : 3);
  await on.dispose();
});

test("[ST136] damaged rows of the journal take nothing with them but what was in them", async () => {
  const on = await openDirectWriter();
  on.commit(create("/a"), create("/b"), append("/b", "whole"));
  for (const text of ["1", "2", "3"]) on.commit(append("/a", text));
  const image = await temporaryFolder();
  const damageLast = async (from: string) => {
    await cp(from, image.path, { recursive: true });
    const database = (await loadSqlite())(storeFiles(image.path).database);
    database.exec("UPDATE journal SET crc = crc + 1 WHERE seq = (SELECT max(seq) - 1 FROM journal)");
    database.close();
  };
  await damageLast(on.folder);
  let again = await openDirectWriter({ folder: image.path });
  expect(texts(again.reader, "/b")).toEqual(["whole"]);
  expect(texts(again.reader, "/a", { from: 0, limit: 1 })).toEqual(["1"]);
  expect(texts(again.reader, "/a", { last: 1 })).toEqual(["3"]);
  expect(() => texts(again.reader, "/a")).toThrow(/damaged.*position 1/);
  for (const text of ["4", "5", "6", "7", "8"]) again.commit(append("/a", text));
  expect(texts(again.reader, "/a", { last: 2 })).toEqual(["7", "8"]);

  // The same again: what was set aside before stays there.
  const second = await temporaryFolder();
  await cp(image.path, second.path, { recursive: true });
  again.close();
  await damageLast(second.path);
  again = await openDirectWriter({ folder: image.path });
  expect(again.count("journal")).toBe(2);
  expect(() => texts(again.reader, "/a", { from: 5 })).toThrow(/damaged.*position 6/);
  expect(texts(again.reader, "/a", { from: 2, limit: 4 })).toEqual(["3", "4", "5", "6"]);
  again.close();
  const { faults } = await checkSqliteStore({ folder: image.path, full: false });
  expect(faults.filter((fault) => fault.includes("journal"))).toHaveLength(2);
  await second.remove();
  await image.remove();
  await on.dispose();
});

test("[ST139] entries of a row come out as they went in, and a range is laid out without overlap or hole", () => {
  const encode = (text: string) => new TextEncoder().encode(text);
  const entries = [
    { stream: 7, ...packChunk(2 ** 40, ["a", "", "ccc"].map(encode)) },
    { stream: 2 ** 41, ...packChunk(0, [encode("only")]) },
  ];
  const unpacked = unpackJournalRow(packJournalRow(entries));
  expect(unpacked.map(({ stream, run }) => [stream, run.start, messagesOf(run).map(decode)])).toEqual([
    [7, 2 ** 40, ["a", "", "ccc"]],
    [2 ** 41, 0, ["only"]],
  ]);
  const held = [2, 3, 7].map((at) => singleRun(at, encode(`${at}`)));
  const plan = (low: number, high: number) =>
    layOut(held, low, high).map((part) => ("body" in part ? part.start : [part.low, part.high]));
  expect(plan(0, 9)).toEqual([[0, 2], 2, 3, [4, 7], 7, [8, 9]]);
  expect(plan(3, 7)).toEqual([3, [4, 7]]);
  expect(plan(5, 6)).toEqual([[5, 6]]);
  expect(plan(8, 8)).toEqual([]);
});
