import type { Operation, Store } from "@skein/store";
import { createMemoryStore } from "@skein/store/memory";
import { afterEach, expect, test } from "vitest";
import { subscribed, type Subscribed } from "../testing/subscribed.ts";
import { createInterestIndex } from "./interests.ts";
import { createMarkingStore } from "./marking.ts";
import { SUBSCRIPTION_COLLECTIONS, type InterestRecord } from "./records.ts";
import { SETTLE_MS } from "./settle.ts";

const open: Subscribed[] = [];
afterEach(async () => {
  for (const on of open.splice(0)) {
    await on.close();
    expect(on.errors).toEqual([]);
  }
});

/** A store that counts, and does something between a plan and its commit. */
function counted(inner: Store) {
  const seen = { reads: 0, operations: [] as (readonly Operation[])[] };
  let before: (() => Promise<void>) | undefined;
  const store: Store = {
    ...inner,
    now: () => inner.now(),
    async getRecord(collection, id) {
      seen.reads += 1;
      return inner.getRecord(collection, id);
    },
    async queryRecords(query) {
      seen.reads += 1;
      return inner.queryRecords(query);
    },
    async commit(operations) {
      const act = before;
      before = undefined;
      await act?.();
      seen.operations.push(operations);
      return inner.commit(operations);
    },
  };
  return {
    store,
    seen,
    beforeNext: (act: () => Promise<void>) => {
      before = act;
    },
  };
}

const append = (path: string): Operation => ({ kind: "append", path, messages: [new Uint8Array([1])] });
const made = (path: string): Operation => ({
  kind: "create-stream",
  path,
  contentType: "text/plain",
  ifExists: "keep",
});

test("[SB4] gap (e): an append costs one record for each subscription that covers it, and nothing for all others", async () => {
  const inner = createMemoryStore({ collections: SUBSCRIPTION_COLLECTIONS });
  const COUNT = 5000;
  await inner.commit([
    { kind: "put-record", collection: "ds_epoch", id: "interests", value: { adds: COUNT, removes: 0 } },
    ...Array.from({ length: COUNT }, (_, n): Operation => {
      const kind = n % 2 ? ("path" as const) : ("glob" as const);
      const text = n % 2 ? `/v1/stream/one/${n}` : `/v1/stream/many/${n}/*`;
      const value: InterestRecord = { seq: n + 1, id: `s${n}`, uid: `u${n}`, kind, text };
      return { kind: "put-record", collection: "ds_interests", id: `u${n}`, value };
    }),
  ]);
  const { store, seen } = counted(inner);
  let time = 0;
  const index = createInterestIndex(store, () => time);
  const marking = createMarkingStore(store, index, () => time);
  await marking.commit([made("/v1/stream/free"), append("/v1/stream/free")]);
  seen.reads = 0;
  seen.operations.length = 0;
  for (let n = 0; n < 100; n += 1) await marking.commit([append("/v1/stream/free")]);
  expect(seen.reads).toBe(0);
  expect(seen.operations.every((operations) => operations.length === 1)).toBe(true);

  const outcome = await marking.commit([
    made("/v1/stream/one/7"),
    append("/v1/stream/one/7"),
    made("/v1/stream/many/8/x"),
    append("/v1/stream/many/8/x"),
  ]);
  expect(outcome.kind === "committed" && outcome.results.length).toBe(4);
  expect(seen.operations.at(-1)?.slice(4)).toMatchObject([
    { kind: "put-record", collection: "ds_marks", id: "u7 /v1/stream/one/7" },
    { kind: "put-record", collection: "ds_marks", id: "u8 /v1/stream/many/8/x" },
  ]);
  // Once in a while one record is read, to see whether there are new ones.
  time += 1001;
  await marking.commit([append("/v1/stream/free")]);
  expect(seen.reads).toBe(1);
});

test("[SB4] gap (e): a claim reads what is new and not what is linked", async () => {
  const inner = createMemoryStore({ collections: SUBSCRIPTION_COLLECTIONS });
  const streams = Array.from({ length: 2000 }, (_, n) => `/v1/stream/events/${n}`);
  await inner.commit(streams.flatMap((path) => [made(path), append(path)]));
  const { store, seen } = counted(inner);
  const on = subscribed({ store });
  open.push(on);
  await on.pullWake("s", { pattern: "events/**" });
  await on.send("POST", "events/7", [1]);
  await on.subscriptions.run();
  await on.subscriptions.store.commit([append("/v1/stream/events/11")]);
  await on.subscriptions.run();
  seen.reads = 0;
  const held = await on.claimed("s");
  expect(held.streams.map(({ path }) => path)).toContain("events/11");
  expect(seen.reads).toBeLessThan(30);
});

test("[SB3] the mark is in the commit that appends, so whatever dies afterwards loses no wake", async () => {
  const inner = createMemoryStore({ collections: SUBSCRIPTION_COLLECTIONS });
  const first = subscribed({ store: inner, signal: AbortSignal.abort() });
  await first.pullWake("s", { pattern: "events/*" });
  // This server dies at once after its commit: nobody looks at anything any more.
  const dying = subscribed({ store: inner, signal: AbortSignal.abort() });
  await dying.append("events/a", 1);
  const { records } = await inner.queryRecords<{ path: string }>({ collection: "ds_marks", limit: 10 });
  expect(records.map(({ value }) => value.path)).toEqual(["/v1/stream/events/a"]);
  const second = subscribed({ store: inner });
  open.push(second);
  expect(await second.wakes()).toMatchObject([{ subscription_id: "s", stream: "events/a" }]);
});

test("[SB5] an append that was on its way while a subscription was made is not lost", async () => {
  const inner = createMemoryStore({ collections: SUBSCRIPTION_COLLECTIONS, now: () => time });
  let time = 1_000_000;
  const held = counted(inner);
  const slow = subscribed({ store: held.store, now: () => time });
  const other = subscribed({ store: inner, now: () => time });
  open.push(other);
  await slow.append("events/a", 1);
  await slow.append("events/named", 1);
  held.beforeNext(async () => {
    await other.pullWake("s", { pattern: "events/*" });
    await other.pullWake("n", { streams: ["events/named"] });
  });
  // Planned when nobody had subscribed, committed when somebody has.
  await slow.subscriptions.store.commit([
    append("/v1/stream/events/a"),
    append("/v1/stream/events/named"),
    made("/v1/stream/events/new"),
    append("/v1/stream/events/new"),
  ]);
  expect(await other.wakes()).toEqual([]);
  time += SETTLE_MS;
  expect((await other.wakes()).map(({ subscription_id }) => subscription_id).sort()).toEqual(["n", "s"]);
  const { streams } = await other.claimed("s");
  expect(streams.map(({ path }) => path).sort()).toEqual(["events/a", "events/named", "events/new"]);
});

test("[SB5] a commit that takes long looks again at who has subscribed since", async () => {
  const inner = createMemoryStore({ collections: SUBSCRIPTION_COLLECTIONS });
  const held = counted(inner);
  let time = 0;
  const slow = subscribed({ store: held.store, clock: () => time });
  const other = subscribed({ store: inner });
  open.push(slow, other);
  await slow.append("events/a", 1);
  held.beforeNext(async () => {
    await other.pullWake("s", { pattern: "events/*" });
    time += 60_000;
  });
  await slow.send("POST", "events/a", [2]);
  expect(await other.wakes()).toHaveLength(1);
});

test("[SB25] any server answers any request: made here, appended there, claimed here, acknowledged there", async () => {
  const inner = createMemoryStore({ collections: SUBSCRIPTION_COLLECTIONS });
  let clock = 0;
  const here = subscribed({ store: inner, clock: () => clock });
  const there = subscribed({ store: inner, clock: () => clock });
  open.push(here, there);
  await here.pullWake("s", { pattern: "events/*" });
  clock += 1001;
  await there.append("events/a", 1);
  expect(await here.wakes()).toHaveLength(1);
  const held = await here.claimed("s");
  expect((await there.claim("s")).body).toMatchObject({ error: { code: "ALREADY_CLAIMED" } });
  expect((await there.finish("s", held)).body).toEqual({ ok: true, next_wake: false });
  expect((await there.send("GET", "__ds/jwks.json")).body).toEqual((await here.send("GET", "__ds/jwks.json")).body);
});

test("[SB12] a claim that ends between a look at its unit and what the look comes to makes it look again", async () => {
  const inner = createMemoryStore({ collections: SUBSCRIPTION_COLLECTIONS });
  const [ending, looking] = [counted(inner), counted(inner)];
  const worker = subscribed({ store: ending.store, signal: AbortSignal.abort() });
  await worker.pullWake("s", { pattern: "events/*" });
  await worker.append("events/a", 1);
  const held = await worker.claimed("s");
  const stop = new AbortController();
  await subscribed({ store: inner, signal: stop.signal }).subscriptions.run();
  stop.abort();

  let ended = (): void => undefined;
  const isOver = new Promise<void>((resolve) => {
    ended = resolve;
  });
  let dispatcher: Subscribed | undefined;
  ending.beforeNext(async () => {
    // The end has seen no other work. Now comes some, and a dispatcher that still sees the unit claimed.
    await subscribed({ store: inner, signal: AbortSignal.abort() }).append("events/b", 1);
    await new Promise<void>((hasLooked) => {
      looking.beforeNext(() => {
        hasLooked();
        return isOver;
      });
      dispatcher = subscribed({ store: looking.store });
    });
  });
  expect((await worker.finish("s", held)).body).toEqual({ ok: true, next_wake: false });
  ended();
  if (dispatcher === undefined) throw new Error("Nobody has looked.");
  open.push(dispatcher);
  await dispatcher.subscriptions.run();
  expect((await dispatcher.wakes()).at(-1)).toMatchObject({ stream: "events/b", generation: 2 });
});
