import { expect, test } from "vitest";
import type { Fixture } from "../fixture.ts";
import { append, create, fork, produce, put, remove } from "../fixture.ts";

export function ephemeralRules(current: () => Fixture): void {
  const ephemeral = (path: string, maxBytes = 1000, idleMs = 60_000) => ({
    ...create(path),
    ephemeral: { maxBytes, idleMs },
  });

  test("[ST60] an ephemeral stream is read and written like any other", async () => {
    const on = current();
    const path = on.name();
    const [made] = await on.commit(ephemeral(path));
    expect(made).toMatchObject({ kind: "stream", created: true, stream: { ephemeral: true } });
    const { first } = await on.info(path);
    await on.commit(append(path, "a", "b"));
    const [result] = await on.commit(produce(path, "c", "p", 1, 0));
    expect(result).toMatchObject({ kind: "appended", start: first + 2, stream: { head: first + 3 } });
    expect((await on.refusal(produce(path, "c", "p", 1, 0))).reason.kind).toBe("producer-duplicate");
    expect(await on.store.getProducer(path, "p")).toEqual({ epoch: 1, seq: 0 });
    expect(await on.texts(path, { from: first })).toEqual(["a", "b", "c"]);
    expect(await on.texts(path, { last: 2 })).toEqual(["b", "c"]);
    expect((await on.store.listStreams({ prefix: path, limit: 9 })).map((info) => info.path)).toEqual([path]);
    await on.commit({ ...append(path), close: true });
    expect((await on.refusal(append(path, "x"))).reason.kind).toBe("stream-closed");
    await on.commit(remove(path), create(path), append(path, "durable"));
    expect(await on.info(path)).toMatchObject({ ephemeral: false, head: 1 });
    expect(await on.texts(path)).toEqual(["durable"]);
    await on.commit(remove(path), ephemeral(path), append(path, "not"));
    expect([(await on.info(path)).ephemeral, await on.texts(path, { last: 9 })]).toEqual([true, ["not"]]);
  });

  test("[ST61] the newest messages stay within `maxBytes`; positions go on, and below `first` a read is `gone`", async () => {
    const on = current();
    const path = on.name();
    await on.commit(ephemeral(path, 10), append(path, "aaaa", "bbbb"));
    const { first } = await on.info(path);
    const [result] = await on.commit(append(path, "cc"), append(path, "dd"));
    expect(result).toMatchObject({ start: first + 2, stream: { first, head: first + 3 } });
    expect(await on.info(path)).toMatchObject({ first: first + 1, head: first + 4 });
    expect(await on.store.readStream(path, { from: first })).toEqual({ kind: "gone", first: first + 1 });
    expect(await on.texts(path, { from: first + 1 })).toEqual(["bbbb", "cc", "dd"]);
    expect(await on.texts(path, { last: 50 })).toEqual(["bbbb", "cc", "dd"]);
    const front = await on.read(path, { before: first + 1, limit: 5 });
    expect([front.messages, front.start]).toEqual([[], first + 1]);
    await on.commit(append(path, "x".repeat(11)));
    expect(await on.info(path)).toMatchObject({ first: first + 5, head: first + 5 });
    for (let index = 0; index < 300; index++) await on.commit(append(path, String(index % 10)));
    expect(await on.info(path)).toMatchObject({ first: first + 295, head: first + 305 });
    expect((await on.texts(path, { from: first + 295 })).join("")).toBe("0123456789");
  });

  test("[ST62] it is gone `idleMs` after the last append, by the store's clock", async () => {
    const on = current();
    const path = on.name();
    await on.commit(ephemeral(path, 1000, 5000), append(path, "a"));
    on.clock.advance(4000);
    await on.commit(append(path, "b"), { kind: "touch-stream", path });
    on.clock.advance(4999);
    const old = await on.read(path, { last: 5 });
    expect(old.messages).toHaveLength(2);
    on.clock.advance(1);
    expect(await on.store.getStream(path)).toBeUndefined();
    expect(await on.store.readStream(path, { from: 0 })).toEqual({ kind: "not-found" });
    expect((await on.refusal(append(path, "x"))).reason.kind).toBe("stream-not-found");
    expect(await on.store.listStreams({ prefix: path, limit: 1 })).toEqual([]);
    await on.commit(ephemeral(path), append(path, "anew"));
    expect(await on.texts(path, { last: 5 })).toEqual(["anew"]);
    // Whoever had read the old one is told, and does not go on in the new one.
    expect(await on.store.readStream(path, { from: old.next })).toMatchObject({ kind: "gone" });
  });

  test("[ST63] a commit may mix ephemeral and durable parts, and is still all or nothing", async () => {
    const on = current();
    const [live, main, id] = [on.name("live"), await on.stream(["1"]), on.name("id")];
    await on.commit(ephemeral(live), append(live, "delta"), append(main, "2"), put("plain", id, 1));
    const { operation } = await on.refusal(append(live, "lost"), append(main, "lost"), {
      ...append(main, "lost"),
      expectedHead: 0,
    });
    expect(operation).toBe(2);
    expect((await on.refusal(append(main, "lost"), { ...append(live, "lost"), expectedHead: 9 })).operation).toBe(1);
    expect([await on.texts(live, { last: 9 }), await on.texts(main)]).toEqual([["delta"], ["1", "2"]]);
    await on.commit(append(live, "more"), append(main, "3"));
    expect([await on.texts(live, { last: 9 }), await on.texts(main)]).toEqual([
      ["delta", "more"],
      ["1", "2", "3"],
    ]);
  });

  test("[ST64] it cannot be forked", async () => {
    const on = current();
    const path = on.name();
    await on.commit(ephemeral(path), append(path, "a"));
    expect((await on.refusal(fork(on.name(), path))).reason).toEqual({ kind: "stream-not-found", path });
  });
}
