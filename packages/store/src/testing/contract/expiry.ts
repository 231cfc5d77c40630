import { expect, test } from "vitest";
import type { Fixture } from "../fixture.ts";
import { append, create, fork, put, remove } from "../fixture.ts";

export function expiryRules(current: () => Fixture): void {
  test("[ST70] a TTL begins anew with every append, close and touch, and reads alone do not move it", async () => {
    const on = current();
    const path = await on.stream([], { ttlSeconds: 10 });
    const began = on.clock.now();
    expect(await on.info(path)).toMatchObject({ ttlSeconds: 10, expiresAt: began + 10_000 });
    const moves = [append(path, "a"), { kind: "touch-stream", path } as const, { ...append(path), close: true }];
    for (const operation of moves) {
      on.clock.advance(9000);
      await on.texts(path);
      const [result] = await on.commit(operation);
      expect(result).toMatchObject({ stream: { expiresAt: on.clock.now() + 10_000 } });
    }
    on.clock.advance(9999);
    expect(await on.texts(path)).toEqual(["a"]);
    on.clock.advance(1);
    expect(await on.store.getStream(path)).toBeUndefined();
  });

  test("[ST71] an absolute expiry does not move", async () => {
    const on = current();
    const path = await on.stream([], { expiresAt: on.clock.now() + 5000 });
    on.clock.advance(4000);
    await on.commit(append(path, "a"), { kind: "touch-stream", path });
    on.clock.advance(1000);
    expect(await on.store.readStream(path, { from: 0 })).toEqual({ kind: "not-found" });
  });

  test("[ST72] an expired stream is as if it had been deleted, swept or not, and its path is free", async () => {
    const on = current();
    const path = await on.stream(["old"], { ttlSeconds: 1 });
    const other = await on.stream(["old"], { ttlSeconds: 1 });
    on.clock.advance(1000);
    for (const operation of [append(path, "x"), remove(path), { kind: "touch-stream", path } as const])
      expect((await on.refusal(operation)).reason).toEqual({ kind: "stream-not-found", path });
    expect((await on.refusal(fork(on.name(), path))).reason.kind).toBe("stream-not-found");
    expect(await on.store.listStreams({ prefix: path, limit: 5 })).toEqual([]);
    await on.commit(create(path), append(path, "new"), { ...create(other), ifExists: "keep" });
    expect([await on.texts(path), await on.texts(other)]).toEqual([["new"], []]);
    expect((await on.info(path)).expiresAt).toBeUndefined();
  });

  test("[ST73] an expired stream with forks is gone for its readers and kept for the forks", async () => {
    const on = current();
    const path = await on.stream(["a", "b"], { ttlSeconds: 1 });
    const forked = on.name("fork");
    await on.commit({ ...fork(forked, path), ttlSeconds: 100 });
    on.clock.advance(1000);
    expect(await on.store.readStream(path, { from: 0 })).toEqual({ kind: "gone", first: 2 });
    expect(await on.info(path)).toMatchObject({ deleted: true });
    expect((await on.refusal(append(path, "x"))).reason).toEqual({ kind: "stream-gone", path });
    expect((await on.refusal(create(path))).reason).toEqual({ kind: "stream-gone", path });
    expect(await on.texts(forked)).toEqual(["a", "b"]);
    await on.commit(remove(forked));
    expect(await on.store.getStream(path)).toBeUndefined();
    await on.commit(create(path));
    expect(await on.texts(path)).toEqual([]);
  });

  test("[ST74] any number of expired streams gets out of the way", async () => {
    const on = current();
    const root = on.name("many");
    const paths = Array.from({ length: 200 }, (_, index) => `${root}/${index}`);
    await on.commit(...paths.map((path) => ({ ...create(path), ttlSeconds: 1 })));
    expect(await on.store.listStreams({ prefix: `${root}/`, limit: 500 })).toHaveLength(200);
    on.clock.advance(1000);
    expect(await on.store.listStreams({ prefix: `${root}/`, limit: 500 })).toEqual([]);
    for (let index = 0; index < 5; index++) await on.commit();
    await on.commit(...paths.map(create));
    expect(await on.store.listStreams({ prefix: `${root}/`, limit: 500 })).toHaveLength(200);
  });

  test("[ST75] what has no end and was not deleted stays", async () => {
    const on = current();
    const path = await on.stream(["a"]);
    await on.commit(put("plain", path, 1));
    on.clock.advance(100 * 365 * 86_400_000);
    await on.commit();
    expect(await on.texts(path)).toEqual(["a"]);
    expect(await on.store.getRecord("plain", path)).toBeDefined();
  });
}
