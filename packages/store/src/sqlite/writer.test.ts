import { expect, test } from "vitest";
import { withMessages } from "../core/runs.ts";
import { append, create, decode, fork, produce, put, remove } from "../testing/fixture.ts";
import { openDirectWriter } from "../testing/direct-writer.ts";
import type { Reader } from "./reader.ts";

function texts(reader: Reader, path: string): string[] {
  const outcome = withMessages(reader.read(path, { from: 0 }, 0));
  return outcome.kind === "read" ? outcome.messages.map(({ body }) => decode(body)) : [outcome.kind];
}

test("[ST127] a group is one synced transaction, and nothing of it is visible before", async () => {
  const on = await openDirectWriter();
  expect(on.writing.prepare("PRAGMA journal_mode").get()).toEqual({ journal_mode: "wal" });
  expect(on.writing.prepare("PRAGMA synchronous").get()).toEqual({ synchronous: 2 });
  const seen: unknown[] = [];
  on.writing.beforeExec = (sql) => {
    seen.push(sql);
    if (sql !== "COMMIT") return;
    seen.push(texts(on.reader, "/a"), on.reader.record("things", "1"));
  };
  const outcomes = on.group([
    [create("/a"), append("/a", "1")],
    [put("things", "1", { group: "g" })],
    [create("/a")],
    [append("/a", "2")],
  ]);
  expect(outcomes.map(({ kind }) => kind)).toEqual(["committed", "committed", "rejected", "committed"]);
  expect(seen).toEqual(["BEGIN IMMEDIATE", "COMMIT", ["not-found"], undefined]);
  expect(texts(on.reader, "/a")).toEqual(["1", "2"]);
  // One message and another of the same group stand in one row.
  expect([on.count("journal"), on.count("chunks")]).toEqual([1, 0]);
  seen.length = 0;
  expect(on.group([[create("/a")], []]).map(({ kind }) => kind)).toEqual(["rejected", "committed"]);
  expect(seen).toEqual([]);
  await on.dispose();
});

test("[ST128] a group that cannot be made durable fails as a whole, and the next one starts from what is", async () => {
  const on = await openDirectWriter();
  on.commit(create("/a"), produce("/a", "1", "p", 0, 0), put("things", "1", { group: "old" }));
  const lost = [
    [produce("/a", "2", "p", 0, 1), put("things", "1", { group: "new" })],
    [create("/b"), fork("/c", "/a")],
  ];
  on.writing.beforeExec = (sql) => {
    if (sql === "COMMIT") throw new Error("disk I/O error");
  };
  expect(() => on.group(lost)).toThrow("disk I/O error");
  expect(() => on.group(lost)).toThrow("disk I/O error");
  on.writing.beforeExec = () => {};
  expect([texts(on.reader, "/a"), texts(on.reader, "/b")]).toEqual([["1"], ["not-found"]]);
  expect(on.reader.record("things", "1")).toMatchObject({ version: 1, value: { group: "old" } });
  expect(on.group(lost).map(({ kind }) => kind)).toEqual(["committed", "committed"]);
  expect([texts(on.reader, "/a"), texts(on.reader, "/c")]).toEqual([
    ["1", "2"],
    ["1", "2"],
  ]);
  const query = { collection: "things", index: "group", limit: 9 };
  expect(on.reader.query({ ...query, equals: ["old"] }).records).toEqual([]);
  expect(on.reader.query({ ...query, equals: ["new"] }).records).toHaveLength(1);
  await on.dispose();
});

test("[ST129] a full disk refuses what does not fit, keeps the rest, and is over when there is space again", async () => {
  const on = await openDirectWriter();
  on.commit(create("/a"), append("/a", "1"));
  const pages = Number(on.writing.prepare("PRAGMA page_count").get()?.["page_count"]);
  on.writing.exec(`PRAGMA max_page_count = ${pages + 8}`);
  expect(() => on.commit(append("/a", "x".repeat(500_000)))).toThrow("full");
  on.commit(append("/a", "2"));
  expect(() => on.commit(append("/a", "x".repeat(500_000)))).toThrow("full");
  expect(texts(on.reader, "/a")).toEqual(["1", "2"]);
  on.writing.exec("PRAGMA max_page_count = 1000000");
  on.commit(append("/a", "3".repeat(500_000)));
  expect(texts(on.reader, "/a").map((text) => text.length)).toEqual([1, 1, 500_000]);
  await on.dispose();
});

test("[ST130] data of deleted streams is removed afterwards, in bounded pieces", async () => {
  const on = await openDirectWriter();
  on.commit(create("/a"), ...Array.from({ length: 3000 }, (_, seq) => produce("/a", "m", `p${seq}`, 0, 0)));
  on.commit(append("/a", ...Array.from({ length: 600 }, () => "x".repeat(65_000))));
  const chunks = Number(on.count("chunks"));
  expect(chunks).toBeGreaterThan(600);
  on.commit(remove("/a"), create("/a"), append("/a", "new"));
  expect(texts(on.reader, "/a")).toEqual(["new"]);
  expect([on.count("chunks"), on.count("garbage")]).toEqual([chunks, 1]);
  let before = chunks;
  while (on.writer.collectGarbage()) {
    const after = Number(on.count("chunks"));
    expect(before - after).toBeLessThanOrEqual(256);
    before = after;
  }
  expect([on.count("chunks"), on.count("producers"), on.count("garbage")]).toEqual([0, 0, 0]);
  expect(texts(on.reader, "/a")).toEqual(["new"]);
  await on.dispose();
});

test("[ST131] many small appends end in few rows, and read as they were written", async () => {
  const on = await openDirectWriter();
  on.commit(create("/a"), create("/b"));
  const expected = Array.from({ length: 500 }, (_, index) => `${index}`);
  for (const text of expected) on.group([[append("/a", text)], [append("/b", text)]]);
  expect(Number(on.count("chunks"))).toBeLessThan(2 * (500 / 64 + 65));
  expect(texts(on.reader, "/a")).toEqual(expected);
  on.commit(append("/a", "x".repeat(100_000), "y"), append("/a", "z"));
  on.commit(fork("/c", "/a", 250), append("/c", "own"));
  expect(texts(on.reader, "/c")).toEqual([...expected.slice(0, 250), "own"]);
  expect(texts(on.reader, "/a").slice(500)).toEqual(["x".repeat(100_000), "y", "z"]);
  await on.dispose();
});

test("[ST132] a fork costs the same whatever its parent's history", async () => {
  const on = await openDirectWriter();
  on.commit(create("/small"), append("/small", "1"), create("/large"));
  for (let index = 0; index < 20; index++)
    on.commit(append("/large", ...Array.from({ length: 500 }, () => "message".repeat(20))));
  const changes = () => Number(on.writing.prepare("SELECT total_changes() AS n").get()?.["n"]);
  const costs = ["/small", "/large"].map((parent) => {
    const before = changes();
    on.commit(fork(`${parent}-fork`, parent));
    return changes() - before;
  });
  expect(costs).toEqual([2, 2]);
  await on.dispose();
});

test("[ST133] expired streams are removed although nobody asks for them, in bounded pieces", async () => {
  const on = await openDirectWriter();
  on.group([Array.from({ length: 150 }, (_, index) => ({ ...create(`/${index}`), ttlSeconds: 1 }))], 0);
  on.group([[{ ...create("/live"), ephemeral: { maxBytes: 10, idleMs: 1000 } }, create("/stays")]], 0);
  on.group([], 999);
  expect(on.count("streams")).toBe(151);
  let before = 151;
  for (let now = 1000; before > 1; now++) {
    on.group([], now);
    const after = Number(on.count("streams"));
    expect(before - after).toBeGreaterThan(0);
    expect(before - after).toBeLessThanOrEqual(64);
    before = after;
  }
  while (on.writer.collectGarbage());
  expect(on.count("garbage")).toBe(0);
  expect(on.reader.row("/stays", 5000)).toBeDefined();
  await on.dispose();
});

/** Statements that do look at more than a range of a key. */
const SCANS: readonly { readonly sql: string; readonly reason: string }[] = [
  { sql: "FROM garbage LIMIT 1", reason: "takes any row" },
  { sql: "SELECT id, collection, name, fields FROM indexes", reason: "at start, a handful of rows" },
];

test("[ST134] every statement searches a range of a key", async () => {
  const on = await openDirectWriter();
  on.commit(create("/a"), append("/a", "1"), put("things", "1", { group: "g" }), fork("/b", "/a"));
  for (const descending of [false, true])
    for (const index of [{}, { index: "group" }])
      on.reader.query({ collection: "things", descending, limit: 1, ...index });
  const statements = [...new Set([...on.writing.prepared, ...on.reading.prepared])];
  const scans = statements.filter((sql) => {
    if (!/^(SELECT|UPDATE|DELETE)/.test(sql) || SCANS.some((known) => sql.includes(known.sql))) return false;
    const plan = on.reading.prepare(`EXPLAIN QUERY PLAN ${sql}`).all();
    return plan.some(({ detail }) => /^SCAN (?!CONSTANT)|TEMP B-TREE/.test(String(detail)));
  });
  expect(statements.length).toBeGreaterThan(25);
  expect(scans).toEqual([]);
  await on.dispose();
});

test("[ST137] a read is of one moment, whatever is deleted meanwhile", async () => {
  const on = await openDirectWriter();
  on.commit(create("/a"), append("/a", "1", "2"));
  on.reading.afterGet = (sql) => {
    if (!sql.includes("FROM streams")) return;
    on.reading.afterGet = () => {};
    on.commit(remove("/a"));
    while (on.writer.collectGarbage());
  };
  expect(texts(on.reader, "/a")).toEqual(["1", "2"]);
  expect(texts(on.reader, "/a")).toEqual(["not-found"]);
  await on.dispose();
});
