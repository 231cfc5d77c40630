import { expect, test } from "vitest";
import type { RecordQuery } from "../../store.ts";
import type { Fixture } from "../fixture.ts";
import { put } from "../fixture.ts";

export function queryRules(current: () => Fixture): void {
  const ids = async (query: RecordQuery) => (await current().store.queryRecords(query)).records.map(({ id }) => id);

  /** All pages of a query, by id. */
  const allPages = async (query: RecordQuery): Promise<string[]> => {
    const found: string[] = [];
    let after: string | undefined;
    do {
      const page = await current().store.queryRecords({ ...query, ...(after !== undefined && { after }) });
      expect(page.records.length).toBeLessThanOrEqual(query.limit);
      found.push(...page.records.map(({ id }) => id));
      after = page.next;
    } while (after !== undefined);
    return found;
  };

  /** Records `{group}-{n}` with these values beside the group; gives the group. */
  const group = async (values: readonly Record<string, unknown>[]): Promise<string> => {
    const name = current().name("group");
    await current().commit(
      ...values.map((value, index) => put("things", `${name}-${index}`, { group: name, ...value })),
    );
    return name;
  };
  const numbered = (name: string, numbers: readonly number[]) => numbers.map((number) => `${name}-${number}`);

  test("[ST50] without an index: by id in order of code points, with bounds, both ways", async () => {
    const on = current();
    const names = ["a", "B", "b", "ab", "é", "ｚ", "𝒳"];
    await on.commit(...names.map((name) => put("ids", name, { name })));
    const sorted = ["B", "a", "ab", "b", "é", "ｚ", "𝒳"];
    const all = { collection: "ids", limit: 100 };
    expect(await ids(all)).toEqual(sorted);
    expect(await ids({ ...all, descending: true })).toEqual([...sorted].reverse());
    expect(await ids({ ...all, from: "a", below: "b" })).toEqual(["a", "ab"]);
    expect(await ids({ ...all, equals: ["a"] })).toEqual(["a"]);
    expect(await allPages({ ...all, limit: 3 })).toEqual(sorted);
    expect(await allPages({ ...all, limit: 3, descending: true, below: "ｚ" })).toEqual(sorted.slice(0, 5).reverse());
  });

  test("[ST51] `equals` fixes leading fields, the bounds apply to the next one: from inclusive, below exclusive", async () => {
    const name = await group([
      { rank: 2, name: "b" },
      { rank: 1, name: "z" },
      { rank: 2, name: "a" },
      { rank: 10, name: "c" },
      { rank: -3.5, name: "d" },
    ]);
    const query = { collection: "things", index: "group", limit: 100 };
    expect(await ids({ ...query, equals: [name] })).toEqual(numbered(name, [4, 1, 2, 0, 3]));
    expect(await ids({ ...query, equals: [name, 2] })).toEqual(numbered(name, [2, 0]));
    expect(await ids({ ...query, equals: [name, 2, "b"] })).toEqual(numbered(name, [0]));
    expect(await ids({ ...query, equals: [name], from: 1, below: 10 })).toEqual(numbered(name, [1, 2, 0]));
    expect(await ids({ ...query, equals: [name], from: 2 })).toEqual(numbered(name, [2, 0, 3]));
    expect(await ids({ ...query, equals: [name], below: 2, descending: true })).toEqual(numbered(name, [1, 4]));
    expect(await ids({ ...query, equals: [name, 2], from: "aa" })).toEqual(numbered(name, [0]));
  });

  test("[ST52] order is booleans, numbers by value, text by code point, then id", async () => {
    const ranks = [
      "b",
      10,
      true,
      -1,
      "",
      9,
      false,
      -1.5,
      "a",
      0,
      1e300,
      -1e300,
      "ab",
      "\u{10000}",
      "\uffff",
      9,
      "a\u0000",
    ];
    const name = await group(ranks.map((rank) => ({ rank, name: "n" })));
    const sorted = [6, 2, 11, 7, 3, 9, 15, 5, 1, 10, 4, 8, 16, 12, 0, 14, 13];
    // 5 and 15 have the same rank: their ids decide, as text.
    const found = await ids({ collection: "things", index: "group", equals: [name], limit: 100 });
    expect(found).toEqual(numbered(name, sorted));
  });

  test("[ST53] a record without one of the fields is not in the index", async () => {
    const name = await group([
      { rank: 1 },
      { rank: null, name: "n" },
      { rank: { deep: 1 }, name: "n" },
      { rank: 1, name: "n" },
    ]);
    const found = await ids({ collection: "things", index: "group", equals: [name], limit: 100 });
    expect(found).toEqual(numbered(name, [3]));
  });

  test("[ST54] fields are dotted paths; `[]` takes each element and `{}` each `key=value`", async () => {
    const name = await group([
      { at: { place: "here" }, labels: ["x", "y", "x"], tags: { a: "1", b: "2" } },
      { at: { place: "there" }, labels: ["y", 5, null], tags: { a: "1=1", c: 3 } },
      { at: "no", labels: [], tags: {} },
    ]);
    const find = (index: string, scalar: string | number) =>
      ids({ collection: "things", index, equals: [name, scalar], limit: 100 });
    expect(await find("deep", "there")).toEqual(numbered(name, [1]));
    expect(await find("labels", "x")).toEqual(numbered(name, [0]));
    expect(await find("labels", "y")).toEqual(numbered(name, [0, 1]));
    expect(await find("labels", 5)).toEqual(numbered(name, [1]));
    expect(await find("tags", "a=1")).toEqual(numbered(name, [0]));
    expect(await find("tags", "a=1=1")).toEqual(numbered(name, [1]));
    expect(await find("tags", "c=3")).toEqual([]);
  });

  test("[ST55] an index follows every put and delete", async () => {
    const on = current();
    const name = await group([
      { rank: 1, name: "n", labels: ["x", "y"] },
      { rank: 2, name: "n" },
    ]);
    await on.commit(
      put("things", `${name}-0`, { group: name, rank: 3, name: "n", labels: ["y", "z"] }),
      put("things", `${name}-1`, { group: name }),
      put("things", `${name}-2`, { group: name, rank: 1, name: "n" }),
    );
    const query = { collection: "things", index: "group", equals: [name], limit: 100 };
    expect(await ids(query)).toEqual(numbered(name, [2, 0]));
    expect(await ids({ ...query, index: "labels" })).toEqual(numbered(name, [0, 0]));
    expect(await ids({ ...query, index: "labels", equals: [name, "x"] })).toEqual([]);
    await on.commit({ kind: "delete-record", collection: "things", id: `${name}-0` });
    expect(await ids(query)).toEqual(numbered(name, [2]));
    expect(await ids({ ...query, index: "labels" })).toEqual([]);
  });

  test("[ST56] pages give every record once, and go on from where they were when records change between them", async () => {
    const on = current();
    const name = await group(Array.from({ length: 25 }, (_, index) => ({ rank: index, name: "n" })));
    const query = { collection: "things", index: "group", equals: [name], limit: 10 };
    const all = numbered(
      name,
      Array.from({ length: 25 }, (_, index) => index),
    );
    expect(await allPages(query)).toEqual(all);
    expect(await allPages({ ...query, descending: true, limit: 4 })).toEqual([...all].reverse());
    expect(await allPages({ ...query, limit: 5 })).toEqual(all);
    const first = await on.store.queryRecords(query);
    await on.commit(
      { kind: "delete-record", collection: "things", id: `${name}-9` },
      put("things", `${name}-early`, { group: name, rank: 3.5, name: "n" }),
      put("things", `${name}-late`, { group: name, rank: 11.5, name: "n" }),
    );
    expect(first.next).toBeDefined();
    const second = await ids({ ...query, limit: 3, ...(first.next !== undefined && { after: first.next }) });
    expect(second).toEqual([`${name}-10`, `${name}-11`, `${name}-late`]);
  });

  test("[ST57] a full last page has no `next`", async () => {
    const on = current();
    const name = await group([
      { rank: 1, name: "n" },
      { rank: 2, name: "n" },
    ]);
    const page = await on.store.queryRecords({ collection: "things", index: "group", equals: [name], limit: 2 });
    expect([page.records.length, page.next]).toEqual([2, undefined]);
    expect(page.records[0]).toEqual({ id: `${name}-0`, version: 1, value: { group: name, rank: 1, name: "n" } });
  });
}
