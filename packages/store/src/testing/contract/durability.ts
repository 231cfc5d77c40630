import { expect, test } from "vitest";
import type { Store } from "../../store.ts";
import { CONTRACT_COLLECTIONS } from "../collections.ts";
import type { StoreFactory } from "../fixture.ts";
import { append, create, Fixture, fork, produce, put, remove, TestClock } from "../fixture.ts";

export function durabilityRules(factory: StoreFactory): void {
  const open = async () => {
    const clock = new TestClock();
    const opened = await factory({ collections: CONTRACT_COLLECTIONS, now: clock.now });
    return { opened, on: new Fixture(opened.store, clock) };
  };

  test("[ST100] closing finishes the commits in flight; afterwards every call rejects", async () => {
    const { opened, on } = await open();
    const path = await on.stream();
    const inFlight = Array.from({ length: 20 }, (_, index) => on.store.commit([append(path, String(index))]));
    const closing = on.store.close();
    for (const outcome of await Promise.all(inFlight)) expect(outcome.kind).toBe("committed");
    await closing;
    await on.store.close();
    await expect(on.store.commit([append(path, "x")])).rejects.toThrow();
    await expect(on.store.getStream(path)).rejects.toThrow();
    await expect(on.store.readStream(path, { from: 0 })).rejects.toThrow();
    await expect(on.store.getProducer(path, "p")).rejects.toThrow();
    await expect(on.store.listStreams({ prefix: "", limit: 1 })).rejects.toThrow();
    await expect(on.store.getRecord("plain", "x")).rejects.toThrow();
    await expect(on.store.queryRecords({ collection: "plain", limit: 1 })).rejects.toThrow();
    await opened.dispose();
  });

  test("[ST101] a durable store that is opened again has everything but ephemeral streams", async ({ skip }) => {
    const { opened, on } = await open();
    if (!opened.reopen) {
      await opened.dispose();
      return skip("keeps nothing beyond its process");
    }
    const [parent, child, live, gone] = [on.name(), on.name(), on.name(), on.name()];
    await on.commit(create(parent), produce(parent, "a", "p", 2, 0), { ...append(parent, "b"), streamSeq: "7" });
    await on.commit(fork(child, parent, 1), append(child, "c"), { ...append(child), close: true }, remove(parent));
    await on.commit({ ...create(live), ephemeral: { maxBytes: 100, idleMs: 1e6 } }, append(live, "x"));
    await on.commit(create(gone), append(gone, "x"));
    await on.commit(remove(gone), put("things", "t", { group: "g", rank: 1, name: "n" }), put("plain", "q", [1]));
    await on.commit(put("plain", "q", [2]));
    const ttl = await on.stream(["t"], { ttlSeconds: 30 });
    const before = await snapshot(on.store, [parent, child, ttl]);

    const store = await opened.reopen();
    expect(await snapshot(store, [parent, child, ttl])).toEqual(before);
    expect(await store.getStream(gone)).toBeUndefined();
    // Where other servers serve them too, they go when their time is over and not with one of the servers.
    if (opened.sharesEphemeral) await new Fixture(store, on.clock).commit(remove(live));
    expect(await store.getStream(live)).toBeUndefined();
    const again = new Fixture(store, on.clock);
    const [made] = await again.commit(create(live), append(live, "first"), create(gone));
    expect(made).toMatchObject({ created: true });
    expect([await again.texts(live, { last: 5 }), await again.texts(gone)]).toEqual([["first"], []]);
    await again.commit(remove(child));
    expect(await store.getStream(parent)).toBeUndefined();
    on.clock.advance(30_000);
    expect(await store.getStream(ttl)).toBeUndefined();
    await opened.dispose();
  });
}

async function snapshot(store: Store, paths: readonly string[]): Promise<unknown> {
  const things = { collection: "things", index: "group", equals: ["g"], limit: 10 };
  return {
    streams: await Promise.all(
      paths.map(async (path) => ({
        info: await store.getStream(path),
        read: await store.readStream(path, { from: 0 }),
        producer: await store.getProducer(path, "p"),
      })),
    ),
    listed: await store
      .listStreams({ prefix: "/x", limit: 100 })
      .then((list) => list.filter((info) => !info.ephemeral)),
    things: await store.queryRecords(things),
    plain: await store.queryRecords({ collection: "plain", limit: 10 }),
  };
}
