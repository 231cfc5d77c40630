import { expect, test } from "vitest";
import type { Fixture } from "../fixture.ts";
import { append, create, fork, produce, remove } from "../fixture.ts";

export function forkRules(current: () => Fixture): void {
  test("[ST80] a fork shows its parent's messages up to its position and then its own", async () => {
    const on = current();
    const parent = await on.stream(["0", "1", "2", "3"]);
    const [middle, tip, start] = [on.name(), on.name(), on.name()];
    const [made] = await on.commit(fork(middle, parent, 2), fork(tip, parent), fork(start, parent, 0));
    expect(made).toMatchObject({
      kind: "stream",
      created: true,
      stream: { path: middle, head: 2, first: 0, forkedFrom: { path: parent, position: 2 } },
    });
    await on.commit(append(parent, "4"), append(middle, "a", "b"), append(tip, "c"), append(start, "d"));
    expect((await on.texts(parent)).join("")).toBe("01234");
    expect((await on.texts(middle)).join("")).toBe("01ab");
    expect((await on.texts(tip)).join("")).toBe("0123c");
    expect((await on.texts(start)).join("")).toBe("d");
    expect((await on.texts(middle, { from: 1, limit: 2 })).join("")).toBe("1a");
    expect((await on.texts(middle, { last: 3 })).join("")).toBe("1ab");
    expect((await on.texts(middle, { before: 3, limit: 2 })).join("")).toBe("1a");
    expect((await on.texts(middle, { from: 0, maxBytes: 3 })).join("")).toBe("01a");
    expect((await on.texts(tip, { last: 9, maxBytes: 2 })).join("")).toBe("3c");
    expect((await on.info(middle)).forkedFrom).toEqual({ path: parent, position: 2 });
  });

  test("[ST81] forks of forks, at every place, read as one history", async () => {
    const on = current();
    let path = await on.stream(["a", "b", "c"]);
    const model = ["a", "b", "c"];
    for (let depth = 0; depth < 20; depth++) {
      const next = on.name("deep");
      const position = depth % 4 === 3 ? Math.max(0, model.length - 2) : depth % 5 === 4 ? 1 : model.length;
      model.splice(position);
      await on.commit(fork(next, path, position));
      if (depth % 3 !== 2) {
        await on.commit(append(next, `${depth}`, `${depth}'`));
        model.push(`${depth}`, `${depth}'`);
      }
      expect(await on.texts(next)).toEqual(model);
      expect(await on.texts(next, { last: 3 })).toEqual(model.slice(-3));
      path = next;
    }
  });

  test("[ST87] a chain of forks reads as one history however deep it is, from both ends and in the middle", async () => {
    const on = current();
    const DEPTH = 150;
    const paths = [await on.stream(["0"])];
    for (let depth = 1; depth <= DEPTH; depth++) {
      const [path, parent] = [on.name("chain"), paths[depth - 1] ?? ""];
      paths.push(path);
      await on.commit(fork(path, parent), append(path, `${depth}`));
    }
    const tip = paths[DEPTH] ?? "";
    const all = Array.from({ length: DEPTH + 1 }, (_, depth) => `${depth}`);
    expect(await on.texts(tip)).toEqual(all);
    expect(await on.texts(tip, { last: DEPTH + 1 })).toEqual(all);
    for (const at of [0, 31, 32, 33, 64, 100, DEPTH - 2]) {
      expect(await on.texts(tip, { from: at, limit: 3 })).toEqual(all.slice(at, at + 3));
      expect(await on.texts(tip, { before: at + 2, limit: 2 })).toEqual(all.slice(at, at + 2));
      const branch = on.name("branch");
      await on.commit(fork(branch, tip, at), append(branch, "x"));
      expect(await on.texts(branch)).toEqual([...all.slice(0, at), "x"]);
    }
    // Ancestors stay for those who read through them.
    for (let at = 0; at < DEPTH; at += 25)
      await on.commit(...paths.slice(at, Math.min(at + 25, DEPTH)).map((path) => remove(path)));
    expect(await on.texts(tip)).toEqual(all);
  });

  test("[ST82] a fork is open, has its parent's content type and end, and nothing of its producers or `streamSeq`", async () => {
    const on = current();
    const parent = await on.stream(["a"], { contentType: "application/json", ttlSeconds: 50 });
    await on.commit(produce(parent, "b", "p", 3, 0), { ...append(parent, "c"), streamSeq: "5", close: true });
    const [forked, chosen] = [on.name(), on.name()];
    on.clock.advance(1000);
    await on.commit(fork(forked, parent), { ...fork(chosen, parent), ttlSeconds: 7, closed: true });
    const info = await on.info(forked);
    expect(info).toMatchObject({ contentType: "application/json", closed: false, ttlSeconds: 50, head: 3 });
    expect([info.expiresAt, info.streamSeq]).toEqual([on.clock.now() + 50_000, undefined]);
    expect(await on.info(chosen)).toMatchObject({ ttlSeconds: 7, closed: true });
    await on.commit({ ...produce(forked, "d", "p", 0, 0), streamSeq: "1" });
    expect((await on.refusal(append(chosen, "x"))).reason.kind).toBe("stream-closed");
    const until = on.clock.now() + 9000;
    const absolute = await on.stream(["a"], { expiresAt: until });
    const inherited = on.name();
    await on.commit(fork(inherited, absolute));
    expect((await on.info(inherited)).expiresAt).toBe(until);
  });

  test("[ST83] what cannot be forked is refused", async () => {
    const on = current();
    const parent = await on.stream(["a"]);
    const path = on.name();
    expect((await on.refusal(fork(path, on.name()))).reason.kind).toBe("stream-not-found");
    for (const position of [2, -1, 0.5, Number.NaN])
      expect((await on.refusal(fork(path, parent, position))).reason.kind).toBe("position-out-of-range");
    expect((await on.refusal({ ...fork(path, parent), contentType: "application/json" })).reason.kind).toBe(
      "content-type-mismatch",
    );
    expect((await on.refusal(fork(parent, parent))).reason.kind).toBe("stream-exists");
    expect(await on.store.getStream(path)).toBeUndefined();
  });

  test("[ST84] deleting a parent hides it and keeps its messages until its last fork goes", async () => {
    const on = current();
    const parent = await on.stream(["a", "b"]);
    const [one, two] = [on.name(), on.name()];
    await on.commit(fork(one, parent), fork(two, parent, 1));
    expect(await on.commit(remove(parent))).toEqual([{ kind: "done" }]);
    expect(await on.info(parent)).toMatchObject({ deleted: true });
    expect(await on.store.listStreams({ prefix: parent, limit: 1 })).toEqual([]);
    const gone = { kind: "stream-gone", path: parent };
    const touch = { kind: "touch-stream", path: parent } as const;
    for (const operation of [append(parent, "x"), create(parent), remove(parent), fork(on.name(), parent), touch])
      expect((await on.refusal(operation)).reason).toEqual(gone);
    expect([await on.texts(one), await on.texts(two)]).toEqual([["a", "b"], ["a"]]);
    await on.commit(remove(one));
    expect(await on.texts(two)).toEqual(["a"]);
    await on.commit(remove(two));
    expect(await on.store.getStream(parent)).toBeUndefined();
    await on.commit(create(parent));
    expect(await on.texts(parent)).toEqual([]);
  });

  test("[ST85] the last fork takes every hidden ancestor with it", async () => {
    const on = current();
    const root = await on.stream(["a"]);
    const [child, grandchild, sibling] = [on.name(), on.name(), on.name()];
    await on.commit(fork(child, root), append(child, "b"), fork(grandchild, child), fork(sibling, root));
    await on.commit(remove(child), remove(root));
    expect(await on.texts(grandchild)).toEqual(["a", "b"]);
    await on.commit(remove(grandchild));
    expect(await on.store.getStream(child)).toBeUndefined();
    expect(await on.info(root)).toMatchObject({ deleted: true });
    expect(await on.texts(sibling)).toEqual(["a"]);
    await on.commit(remove(sibling));
    expect(await on.store.getStream(root)).toBeUndefined();
  });

  test("[ST86] a fork may be made, written and deleted in the commit that makes its parent", async () => {
    const on = current();
    const [parent, child] = [on.name(), on.name()];
    await on.commit(create(parent), append(parent, "a"), fork(child, parent), append(child, "b"), append(parent, "c"));
    expect([await on.texts(parent), await on.texts(child)]).toEqual([
      ["a", "c"],
      ["a", "b"],
    ]);
    const passing = on.name();
    await on.commit(fork(passing, child), remove(passing), remove(child), remove(parent));
    for (const path of [parent, child, passing]) expect(await on.store.getStream(path)).toBeUndefined();
  });
}
