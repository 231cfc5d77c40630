import { expect, test } from "vitest";
import type { ReadRange } from "../../store.ts";
import type { Fixture } from "../fixture.ts";
import { append, decode, remove, fork } from "../fixture.ts";

export function readRules(current: () => Fixture): void {
  /** Ten messages, made in several commits: "0" to "9". */
  const ten = async (): Promise<string> => {
    const path = await current().stream(["0", "1", "2"]);
    await current().commit(append(path, "3"));
    await current().commit(append(path, "4", "5", "6", "7"), append(path, "8"));
    await current().commit(append(path, "9"));
    return path;
  };

  test("[ST20] forwards from a position, up to a limit", async () => {
    const on = current();
    const path = await ten();
    expect((await on.texts(path)).join("")).toBe("0123456789");
    expect((await on.texts(path, { from: 5 })).join("")).toBe("56789");
    expect((await on.texts(path, { from: 1, limit: 6 })).join("")).toBe("123456");
    const page = await on.read(path, { from: 4, limit: 3 });
    expect([page.start, page.next, page.stream.head]).toEqual([4, 7, 10]);
    expect(page.messages.map(({ position }) => position)).toEqual([4, 5, 6]);
  });

  test("[ST21] backwards from the end or from a position, given in the order of the stream", async () => {
    const on = current();
    const path = await ten();
    expect((await on.texts(path, { last: 3 })).join("")).toBe("789");
    expect((await on.texts(path, { last: 99 })).join("")).toBe("0123456789");
    expect((await on.texts(path, { before: 7, limit: 4 })).join("")).toBe("3456");
    const page = await on.read(path, { before: 2, limit: 5 });
    expect([page.start, page.next]).toEqual([0, 2]);
    const start = await on.read(path, { before: 0, limit: 5 });
    expect([start.messages, start.start, start.next]).toEqual([[], 0, 0]);
  });

  test("[ST22] a page has at most `maxBytes`, and always one message", async () => {
    const on = current();
    const path = await on.stream(["aaaa", "bbbb", "cccccccc", "dd", "ee"]);
    expect(await on.texts(path, { from: 0, maxBytes: 8 })).toEqual(["aaaa", "bbbb"]);
    expect(await on.texts(path, { from: 0, maxBytes: 7 })).toEqual(["aaaa"]);
    expect(await on.texts(path, { from: 2, maxBytes: 1 })).toEqual(["cccccccc"]);
    expect(await on.texts(path, { last: 5, maxBytes: 4 })).toEqual(["dd", "ee"]);
    expect(await on.texts(path, { before: 3, limit: 9, maxBytes: 9 })).toEqual(["cccccccc"]);
    const page = await on.read(path, { last: 5, maxBytes: 12 });
    expect([page.start, page.next]).toEqual([2, 5]);
    expect((await on.read(path, { from: 1, maxBytes: 5 })).next).toBe(2);
  });

  test("[ST23] a position behind the head is taken as the head", async () => {
    const on = current();
    const path = await ten();
    const ahead = await on.read(path, { from: 99 });
    expect([ahead.messages, ahead.start, ahead.next]).toEqual([[], 10, 10]);
    expect(await on.texts(path, { before: 99, limit: 2 })).toEqual(["8", "9"]);
    const empty = await on.read(await on.stream(), { last: 5 });
    expect([empty.messages, empty.start, empty.next]).toEqual([[], 0, 0]);
  });

  test("[ST24] paging in either direction, by count or by bytes, gives every message once", async () => {
    const on = current();
    const path = await on.stream();
    const all: string[] = [];
    for (let index = 0; index < 150; index++) {
      const message = `${index}:${"x".repeat((index * 37) % 900)}`;
      all.push(message);
      await on.commit(append(path, message));
    }
    for (const bounds of [{ limit: 7 }, { limit: 1000, maxBytes: 2000 }]) {
      const forwards: string[] = [];
      for (let from = 0; from < 150;) {
        const page = await on.read(path, { from, ...bounds });
        forwards.push(...page.messages.map(({ body }) => decode(body)));
        from = page.next;
      }
      expect(forwards).toEqual(all);
      const backwards: string[] = [];
      for (let before = 150; before > 0;) {
        const page = await on.read(path, { before, ...bounds });
        backwards.unshift(...page.messages.map(({ body }) => decode(body)));
        before = page.start;
      }
      expect(backwards).toEqual(all);
    }
  });

  test("[ST25] a missing stream is `not-found`, a deleted one with forks is `gone`", async () => {
    const on = current();
    expect(await on.store.readStream(on.name(), { from: 0 })).toEqual({ kind: "not-found" });
    const path = await ten();
    await on.commit(fork(on.name(), path), remove(path));
    expect(await on.store.readStream(path, { last: 1 })).toEqual({ kind: "gone", first: 10 });
  });

  test("[ST26] a read without bounds still has one: four mebibytes", async () => {
    const on = current();
    const path = await on.stream();
    const mebibyte = "m".repeat(1024 * 1024);
    await on.commit(append(path, mebibyte, mebibyte, mebibyte));
    await on.commit(append(path, mebibyte, mebibyte, mebibyte));
    expect((await on.read(path, { from: 0 })).next).toBe(4);
    expect((await on.read(path, { last: 6 })).start).toBe(2);
  });

  test("[ST27] runs of a range have its messages with a comma between each two, and nothing else", async () => {
    const on = current();
    const path = await on.stream(["[1]", "2"]);
    await on.commit(append(path, "3", '{"a":4}', "5"));
    await on.commit(append(path, "6".repeat(70_000), "7"));
    const joined = async (range: ReadRange) => {
      const outcome = await on.store.readRuns(path, range);
      if (outcome.kind !== "read") throw new Error(outcome.kind);
      let next = outcome.start;
      for (const run of outcome.runs) {
        expect(run.start).toBe(next);
        next += run.count;
      }
      expect(next).toBe(outcome.next);
      return outcome.runs.map(({ body }) => decode(body)).join(",");
    };
    expect(JSON.parse(`[${await joined({ from: 0 })}]`)).toEqual([[1], 2, 3, { a: 4 }, 5, expect.anything(), 7]);
    expect(await joined({ from: 1, limit: 3 })).toBe('2,3,{"a":4}');
    expect(await joined({ before: 4, limit: 2 })).toBe('3,{"a":4}');
    expect(await joined({ from: 1, maxBytes: 2 })).toBe("2,3");
    expect(await joined({ last: 1 })).toBe("7");
    expect(await joined({ from: 7 })).toBe("");
    expect(await on.store.readRuns(on.name(), { from: 0 })).toEqual({ kind: "not-found" });
  });
}
