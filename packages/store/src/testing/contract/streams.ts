import { expect, test } from "vitest";
import type { Fixture } from "../fixture.ts";
import { append, create, remove } from "../fixture.ts";

export function streamRules(current: () => Fixture): void {
  test("[ST10] a stream is made once: `fail` refuses a second, `keep` leaves one of the same content type", async () => {
    const on = current();
    const path = on.name();
    const [made] = await on.commit({ ...create(path), contentType: "application/json" });
    const stream = {
      id: expect.any(Number),
      path,
      contentType: "application/json",
      head: 0,
      first: 0,
      closed: false,
      deleted: false,
      createdAt: on.clock.now(),
      ephemeral: false,
    };
    expect(made).toEqual({ kind: "stream", created: true, stream });
    expect(await on.store.getStream(path)).toEqual(stream);
    expect((await on.refusal(create(path))).reason).toEqual({ kind: "stream-exists", stream });
    const keep = { ...create(path), ifExists: "keep" } as const;
    expect((await on.refusal(keep)).reason).toEqual({ kind: "content-type-mismatch", stream });
    const [kept] = await on.commit({ ...keep, contentType: "Application/JSON; charset=utf-8" });
    expect(kept).toEqual({ kind: "stream", created: false, stream });
  });

  test("[ST11] positions begin at zero and have no gaps", async () => {
    const on = current();
    const path = await on.stream();
    let expected = 0;
    for (const count of [1, 3, 0, 2]) {
      const [result] = await on.commit(append(path, ...Array.from({ length: count }, String)));
      expect(result).toMatchObject({ kind: "appended", start: expected, stream: { head: expected + count } });
      expected += count;
    }
    const { messages, start, next } = await on.read(path);
    expect(messages.map(({ position }) => position)).toEqual([0, 1, 2, 3, 4, 5]);
    expect([start, next]).toEqual([0, 6]);
  });

  test("[ST12] messages come back as the bytes that came, whatever they are and whatever is done to the memory", async () => {
    const on = current();
    const path = await on.stream();
    const every = Uint8Array.from({ length: 256 }, (_, index) => index);
    const large = new Uint8Array(1024 * 1024 + 3).map((_, index) => (index * 31) % 251);
    const number = new TextEncoder().encode('{"a":12345678901234567890,"a":1.0e400}');
    const view = Buffer.from("around inside around").subarray(7, 13);
    const bodies = [every, new Uint8Array(), large, number, view, new Uint8Array([0])];
    const copies = bodies.map((body) => Uint8Array.from(body));
    await on.commit({ kind: "append", path, messages: bodies });
    for (const body of bodies) body.fill(0xee);
    const { messages } = await on.read(path);
    expect(messages).toHaveLength(copies.length);
    for (const [index, { body }] of messages.entries()) expect(Buffer.compare(body, copies[index] ?? view)).toBe(0);
  });

  test("[ST13] an append that expects another head is refused", async () => {
    const on = current();
    const path = await on.stream(["a"]);
    const { reason } = await on.refusal({ ...append(path, "b"), expectedHead: 0 });
    expect(reason).toMatchObject({ kind: "head-mismatch", stream: { head: 1 } });
    await on.commit({ ...append(path, "b"), expectedHead: 1 });
    expect(await on.texts(path)).toEqual(["a", "b"]);
  });

  test("[ST14] `streamSeq` has to rise, as text", async () => {
    const on = current();
    const path = await on.stream();
    await on.commit({ ...append(path, "a"), streamSeq: "b" });
    expect((await on.info(path)).streamSeq).toBe("b");
    for (const streamSeq of ["b", "a", "B"])
      expect((await on.refusal({ ...append(path, "x"), streamSeq })).reason).toEqual({
        kind: "stream-seq-regressed",
        current: "b",
      });
    await on.commit(append(path, "without"), { ...append(path, "c"), streamSeq: "ba" });
    expect(await on.texts(path)).toEqual(["a", "without", "c"]);
  });

  test("[ST15] an append of another content type is refused; parameters and case do not matter", async () => {
    const on = current();
    const path = await on.stream([], { contentType: "text/plain; charset=utf-8" });
    const { reason } = await on.refusal({ ...append(path, "x"), contentType: "application/json" });
    expect(reason).toMatchObject({ kind: "content-type-mismatch", stream: { path } });
    await on.commit({ ...append(path, "x"), contentType: "TEXT/plain" });
  });

  test("[ST16] nothing is appended to a closed stream; closing again is no failure", async () => {
    const on = current();
    const path = await on.stream(["a"]);
    const [closed] = await on.commit({ ...append(path, "last"), close: true });
    expect(closed).toMatchObject({ kind: "appended", start: 1, stream: { head: 2, closed: true } });
    expect((await on.refusal(append(path, "x"))).reason).toMatchObject({ kind: "stream-closed", stream: { head: 2 } });
    expect((await on.refusal({ ...append(path, "x"), close: true })).reason.kind).toBe("stream-closed");
    const [again] = await on.commit({ ...append(path), close: true });
    expect(again).toMatchObject({ kind: "appended", start: 2, stream: { head: 2, closed: true } });
    expect(await on.texts(path)).toEqual(["a", "last"]);
    const born = await on.stream([], { closed: true }).catch(String);
    expect(born).toContain("stream-closed");
  });

  test("[ST17] a deleted stream is gone, and its path can be used anew with nothing of the old", async () => {
    const on = current();
    const path = await on.stream(["old"]);
    await on.commit({ ...append(path, "old"), producer: { id: "p", epoch: 4, seq: 0 } });
    await on.commit(remove(path));
    expect(await on.store.getStream(path)).toBeUndefined();
    expect(await on.store.readStream(path, { from: 0 })).toEqual({ kind: "not-found" });
    for (const operation of [append(path, "x"), remove(path), { kind: "touch-stream", path } as const])
      expect((await on.refusal(operation)).reason).toEqual({ kind: "stream-not-found", path });
    expect(await on.commit({ ...remove(path), ifMissing: "skip" })).toEqual([{ kind: "done" }]);
    const { id } = await on.info(await on.stream());
    await on.commit(create(path), append(path, "new"), remove(path), create(path), append(path, "newer"));
    expect(await on.texts(path)).toEqual(["newer"]);
    expect((await on.info(path)).id).toBeGreaterThan(id);
    expect(await on.store.getProducer(path, "p")).toBeUndefined();
  });

  test("[ST18] streams are listed in the order of their paths by code point, a prefix and a page at a time", async () => {
    const on = current();
    const root = on.name("list");
    const names = ["a", "b", "B", "é", "ｚ", "𝒳", "ab", "b/c"];
    for (const name of names) await on.commit(create(`${root}/${name}`));
    await on.commit(create(`${root}0`), create(`${root}/gone`), remove(`${root}/gone`));
    const sorted = ["B", "a", "ab", "b", "b/c", "é", "ｚ", "𝒳"].map((name) => `${root}/${name}`);
    const listed: string[] = [];
    let after: string | undefined;
    do {
      const page = await on.store.listStreams({ prefix: `${root}/`, limit: 3, ...(after !== undefined && { after }) });
      listed.push(...page.map(({ path }) => path));
      after = page.at(-1)?.path;
    } while (after !== undefined);
    expect(listed).toEqual(sorted);
  });
}
