import { describe, expect, test } from "vitest";
import type { OpenedStore, StoreFactory } from "./fixture.ts";
import { append, create, Fixture, put, TestClock } from "./fixture.ts";

const MANY_STREAMS = 100_000;
const MANY_OPERATIONS = 10_000;
const AT_ONCE = 2000;

/** Sizes and moments that are rare and have to work: large things, many things, a clock that goes back. */
export function runStoreLimits(name: string, factory: StoreFactory): void {
  describe(`store limits: ${name}`, () => {
    const withStore = async (work: (on: Fixture, opened: OpenedStore) => Promise<void>) => {
      const clock = new TestClock();
      const opened = await factory({ collections: { plain: {} }, now: clock.now });
      try {
        await work(new Fixture(opened.store, clock), opened);
      } finally {
        await opened.dispose();
      }
    };

    test("[ST150] a message of 1 MiB is kept and read like any other", async () => {
      await withStore(async (on) => {
        const body = new Uint8Array(1024 * 1024).map((_, at) => (at * 31 + (at >> 8)) & 0xff);
        const path = await on.stream(["before"]);
        await on.commit({ ...append(path), messages: [body] }, append(path, "behind"));
        const { messages } = await on.read(path);
        expect(messages.map(({ body: { byteLength } }) => byteLength)).toEqual([6, body.byteLength, 6]);
        expect(Buffer.compare(messages[1]?.body ?? new Uint8Array(), body)).toBe(0);
        expect(await on.texts(path, { last: 1 })).toEqual(["behind"]);
      });
    });

    test("[ST151] a commit of 10,000 operations takes effect whole, and is refused whole", async () => {
      await withStore(async (on) => {
        const operations = Array.from({ length: MANY_OPERATIONS / 4 }, (_, at) => [
          create(`/many/${at}`),
          append(`/many/${at}`, `${at}`),
          append("/all", `${at}`),
          put("plain", `${at}`, { at }),
        ]).flat();
        await on.commit(create("/all"));
        const { operation } = await on.refusal(...operations, create("/all"));
        expect(operation).toBe(MANY_OPERATIONS);
        expect([(await on.info("/all")).head, await on.store.getStream("/many/0")]).toEqual([0, undefined]);
        expect(await on.commit(...operations)).toHaveLength(MANY_OPERATIONS);
        expect((await on.info("/all")).head).toBe(MANY_OPERATIONS / 4);
        expect(await on.texts("/many/2499")).toEqual(["2499"]);
        expect(await on.store.getRecord("plain", "2499")).toMatchObject({ value: { at: 2499 } });
      });
    }, 60_000);

    test("[ST152] 100,000 streams: each is found, listed and read as if it were alone, also after a restart", async () => {
      await withStore(async (on, opened) => {
        for (let from = 0; from < MANY_STREAMS; from += AT_ONCE)
          await on.commit(
            ...Array.from({ length: AT_ONCE }, (_, index) => [
              create(`/s/${from + index}`),
              append(`/s/${from + index}`, `${from + index}`),
            ]).flat(),
          );
        const again = new Fixture((await opened.reopen?.()) ?? on.store, on.clock);
        for (const at of [0, 1, 49_999, MANY_STREAMS - 1]) expect(await again.texts(`/s/${at}`)).toEqual([`${at}`]);
        const page = await again.store.listStreams({ prefix: "/s/", after: "/s/5", limit: 3 });
        expect(page.map(({ path }) => path)).toEqual(["/s/50", "/s/500", "/s/5000"]);
        await again.commit(append("/s/77777", "more"));
        expect(await again.texts("/s/77777")).toEqual(["77777", "more"]);
      });
    }, 120_000);

    test("[ST153] a clock that is set back takes nothing away and changes no order; what ends by time ends later", async () => {
      await withStore(async (on) => {
        const path = await on.stream(["1"], { ttlSeconds: 60 });
        const live = on.name("live");
        const ephemeral = { maxBytes: 1000, idleMs: 60_000 };
        await on.commit({ ...create(live), ephemeral }, append(live, "a"));
        const before = await on.info(live);
        on.clock.advance(-3_600_000);
        await on.commit(append(path, "2"), append(live, "b"));
        expect(await on.texts(path)).toEqual(["1", "2"]);
        expect(await on.texts(live, { last: 9 })).toEqual(["a", "b"]);
        expect((await on.info(live)).head).toBe(before.head + 1);
        expect((await on.info(path)).expiresAt).toBe(on.clock.now() + 60_000);
        on.clock.advance(60_000);
        expect(await on.store.getStream(path)).toBeUndefined();
      });
    });
  });
}
