import { expect, test } from "vitest";
import type { Fixture } from "../fixture.ts";
import { put } from "../fixture.ts";

export function recordRules(current: () => Fixture): void {
  test("[ST40] a record's version is 1 at first and one more with every put", async () => {
    const on = current();
    const id = on.name("id");
    expect(await on.commit(put("plain", id, "a"))).toEqual([{ kind: "record", version: 1 }]);
    expect(await on.commit(put("plain", id, "b"))).toEqual([{ kind: "record", version: 2 }]);
    expect(await on.store.getRecord("plain", id)).toEqual({ id, version: 2, value: "b" });
    expect(await on.store.getRecord("ids", id)).toBeUndefined();
  });

  test("[ST41] a put or a delete that expects another version is refused", async () => {
    const on = current();
    const id = on.name("id");
    const mismatch = (version: number) => ({ kind: "version-mismatch", collection: "plain", id, version });
    expect((await on.refusal({ ...put("plain", id, 1), expectedVersion: 1 })).reason).toEqual(mismatch(0));
    await on.commit({ ...put("plain", id, 1), expectedVersion: 0 });
    expect((await on.refusal({ ...put("plain", id, 2), expectedVersion: 0 })).reason).toEqual(mismatch(1));
    await on.commit({ ...put("plain", id, 2), expectedVersion: 1 });
    const deletion = { kind: "delete-record", collection: "plain", id } as const;
    expect((await on.refusal({ ...deletion, expectedVersion: 1 })).reason).toEqual(mismatch(2));
    await on.commit({ ...deletion, expectedVersion: 2 });
    expect(await on.store.getRecord("plain", id)).toBeUndefined();
  });

  test("[ST42] deleting what is not there is no failure, and a record made again begins at version 1", async () => {
    const on = current();
    const id = on.name("id");
    const deletion = { kind: "delete-record", collection: "plain", id } as const;
    expect(await on.commit(deletion)).toEqual([{ kind: "done" }]);
    await on.commit(put("plain", id, 1), put("plain", id, 2), deletion);
    expect(await on.commit(put("plain", id, 3))).toEqual([{ kind: "record", version: 1 }]);
  });

  test("[ST43] a check changes nothing and refuses the commit at another version", async () => {
    const on = current();
    const id = on.name("id");
    const check = { kind: "check-record", collection: "plain", id } as const;
    await on.commit({ ...check, expectedVersion: 0 }, put("plain", id, 1), { ...check, expectedVersion: 1 });
    const other = on.name("id");
    const { operation, reason } = await on.refusal(put("plain", other, 1), { ...check, expectedVersion: 0 });
    expect([operation, reason.kind]).toEqual([1, "version-mismatch"]);
    expect(await on.store.getRecord("plain", other)).toBeUndefined();
  });

  test("[ST44] of many that put at the same expected version, one wins", async () => {
    const on = current();
    const id = on.name("id");
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, (_, index) => on.store.commit([{ ...put("plain", id, index), expectedVersion: 0 }])),
    );
    const winners = outcomes.flatMap(({ kind }, index) => (kind === "committed" ? [index] : []));
    expect(winners).toHaveLength(1);
    expect(await on.store.getRecord("plain", id)).toEqual({ id, version: 1, value: winners[0] });
  });

  test("[ST45] values are JSON, given back equal and unshared", async () => {
    const on = current();
    const id = on.name("id");
    const value = { text: "é\u0000\u{1F600}", list: [1, -0.5, null, true], nested: { empty: {} } };
    await on.commit(put("plain", id, value));
    const first = await on.store.getRecord<typeof value>("plain", id);
    value.list.push(7);
    first?.value.list.push(8);
    const again = await on.store.getRecord("plain", id);
    expect(again?.value).toEqual({
      text: "é\u0000\u{1F600}",
      list: [1, -0.5, null, true],
      nested: { empty: {} },
    });
    for (const scalar of [null, 0, "", false]) {
      await on.commit(put("plain", id, scalar));
      expect((await on.store.getRecord("plain", id))?.value).toBe(scalar);
    }
  });
}
