import { expect, test } from "vitest";
import type { Fixture } from "../fixture.ts";
import { append, create, decode, put } from "../fixture.ts";

export function commitRules(current: () => Fixture): void {
  test("[ST1] a commit over several streams and records takes effect together, in order", async () => {
    const on = current();
    const [a, b, id] = [on.name(), on.name(), on.name("id")];
    const results = await on.commit(
      create(a),
      create(b),
      append(a, "1", "2"),
      put("plain", id, { a }),
      append(b, "3"),
      append(a, "4"),
      put("plain", id, { b }),
    );
    expect(results.map((result) => result.kind)).toEqual([
      "stream",
      "stream",
      "appended",
      "record",
      "appended",
      "appended",
      "record",
    ]);
    expect(results[2]).toMatchObject({ start: 0, stream: { path: a, head: 2 } });
    expect(results[5]).toMatchObject({ start: 2, stream: { path: a, head: 3 } });
    expect(results[6]).toEqual({ kind: "record", version: 2 });
    expect(await on.texts(a)).toEqual(["1", "2", "4"]);
    expect(await on.texts(b)).toEqual(["3"]);
    expect(await on.store.getRecord("plain", id)).toEqual({ id, version: 2, value: { b } });
  });

  test("[ST2] a refused commit names the operation and leaves nothing of the others", async () => {
    const on = current();
    const old = await on.stream(["kept"]);
    const [made, id] = [on.name(), on.name("id")];
    const refusal = await on.refusal(
      create(made),
      append(made, "lost"),
      { ...append(old, "lost"), close: true, producer: { id: "p", epoch: 3, seq: 0 } },
      put("things", id, { group: id, rank: 1, name: "lost" }),
      { kind: "fork-stream", path: on.name(), from: old },
      { kind: "check-record", collection: "plain", id, expectedVersion: 7 },
      append(old, "never looked at"),
    );
    expect(refusal).toEqual({
      operation: 5,
      reason: { kind: "version-mismatch", collection: "plain", id, version: 0 },
    });
    expect(await on.store.getStream(made)).toBeUndefined();
    expect(await on.info(old)).toMatchObject({ head: 1, closed: false });
    expect(await on.texts(old)).toEqual(["kept"]);
    expect(await on.store.getProducer(old, "p")).toBeUndefined();
    expect(await on.store.getRecord("things", id)).toBeUndefined();
    const found = await on.store.queryRecords({ collection: "things", index: "group", equals: [id], limit: 9 });
    expect(found.records).toEqual([]);
    // The fork did not take hold of its parent either: it can go at once.
    await on.commit({ kind: "delete-stream", path: old });
    expect(await on.store.getStream(old)).toBeUndefined();
  });

  test("[ST3] commits made at the same time are one after the other, and a refused one spoils no other", async () => {
    const on = current();
    const path = await on.stream();
    const id = on.name("id");
    const outcomes = await Promise.all(
      Array.from({ length: 40 }, (_, index) =>
        on.store.commit([
          append(path, String(index)),
          // Only the first of them can be the one that makes the record.
          ...(index % 2 === 0 ? [] : [{ ...put("plain", id, index), expectedVersion: 0 }]),
        ]),
      ),
    );
    const won = outcomes.flatMap((outcome, index) => (outcome.kind === "committed" ? [index] : []));
    expect(won.filter((index) => index % 2 === 0)).toHaveLength(20);
    expect(won.filter((index) => index % 2 === 1)).toHaveLength(1);
    const read = await on.read(path);
    expect(read.messages.map(({ body }) => Number(decode(body))).sort((x, y) => x - y)).toEqual(won);
    for (const [index, outcome] of outcomes.entries()) {
      const [first] = outcome.kind === "committed" ? outcome.results : [];
      if (first?.kind !== "appended") continue;
      expect(decode(read.messages[first.start]?.body ?? new Uint8Array())).toBe(String(index));
    }
  });

  test("[ST4] a caller's mistake rejects and changes nothing", async () => {
    const on = current();
    const path = await on.stream();
    const wrong = [
      put("undeclared", "id", 1),
      put("plain", "id", undefined),
      put("plain", "zero\0", 1),
      create("zero\0"),
      create(""),
      { ...append(path, "x"), producer: { id: "p", epoch: -1, seq: 0 } },
    ];
    for (const operation of wrong) await expect(on.store.commit([append(path, "x"), operation])).rejects.toThrow();
    await expect(on.store.getRecord("undeclared", "id")).rejects.toThrow();
    await expect(on.store.queryRecords({ collection: "plain", index: "no", limit: 1 })).rejects.toThrow();
    expect(await on.texts(path)).toEqual([]);
  });

  test("[ST5] an empty commit and one of thousands of operations go through", async () => {
    const on = current();
    expect(await on.commit()).toEqual([]);
    const path = await on.stream();
    const group = on.name("many");
    const operations = Array.from({ length: 2000 }, (_, index) => [
      append(path, String(index)),
      put("things", `${group}-${index}`, { group, rank: index, name: "n" }),
    ]).flat();
    expect(await on.commit(...operations)).toHaveLength(4000);
    expect((await on.texts(path)).map(Number)).toEqual(Array.from({ length: 2000 }, (_, index) => index));
    const last = { collection: "things", index: "group", equals: [group], descending: true, limit: 1 };
    expect((await on.store.queryRecords(last)).records[0]?.id).toBe(`${group}-1999`);
  });
}
