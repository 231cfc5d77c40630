import { expect, onTestFinished, test } from "vitest";
import { z } from "zod";
import { createRegistry, type Registry } from "../registry.ts";
import { cron, db, entities, entity } from "../sources.ts";
import { createTestWorld, type TestWorld } from "./world.ts";

const note = { type: "note", primaryKey: "key", schema: z.object({ key: z.string(), text: z.string() }) };
const total = { type: "total", primaryKey: "key", schema: z.object({ key: z.string(), n: z.number() }) };
const seen = { type: "seen", primaryKey: "key", schema: z.object({ key: z.string(), what: z.string() }) };
const MINUTE = 60_000;

function worldOf(define: (registry: Registry) => void): TestWorld {
  const registry = createRegistry();
  registry.define("writer", {
    description: "Writes what it is sent to the board.",
    state: { totals: total },
    async handler(ctx, wake) {
      const board = await ctx.mkdb("board", { notes: note });
      for (const { key, payload } of wake.messages) {
        board.notes.upsert({ key, text: String(payload) });
        ctx.state.totals.upsert({ key: "all", n: board.notes.size });
        const run = ctx.recordRun();
        run.attachResponse(`wrote ${String(payload)}`);
        run.end({ status: "completed" });
      }
    },
  });
  define(registry);
  const world = createTestWorld({ registry });
  onTestFinished(() => world.close());
  return world;
}

/** A watcher that writes down why it was woken. */
function watches(
  registry: Registry,
  set: (ctx: Parameters<Parameters<typeof registry.define>[1]["handler"]>[0]) => Promise<unknown>,
): void {
  registry.define("watcher", {
    description: "Writes down why it was woken.",
    state: { seen },
    async handler(ctx, wake) {
      await set(ctx);
      for (const row of wake.wakes) ctx.state.seen.insert({ key: row.key, what: `${row.reason} ${row.source}` });
    },
  });
}
const whatOf = (world: TestWorld): string[] =>
  world
    .entity("/watcher/w")
    .rows(seen)
    .map(({ what }) => what);

test("[RT60] an observer of a shared state is woken by what others write, from what it read on, and not by itself", async () => {
  const texts: string[][] = [];
  const world = worldOf((registry) =>
    registry.define("watcher", {
      description: "Answers on the board.",
      async handler(ctx, wake) {
        const board = await ctx.observe(db("board", { notes: note }), {
          wake: { on: "change", collections: ["notes"], operations: ["insert"] },
        });
        texts.push(
          board.observation.events.flatMap((row) =>
            row.reason === "change" ? row.changes.map(({ key }) => board.notes.get(key)?.text ?? "") : [],
          ),
        );
        expect(wake.changes).toEqual(board.observation.events);
        board.notes.upsert({ key: "mine", text: `pass ${texts.length}` });
      },
    }),
  );
  const writer = await world.spawn("writer", "w");
  await world.quiet();
  const watcher = await world.spawn("watcher", "w");
  await world.quiet();
  await writer.send({ payload: "one" });
  await writer.send({ payload: "two" });
  await world.quiet();
  expect(texts.flat()).toEqual(["one", "two"]);
  const before = watcher.passes.length;
  await world.advance(10 * MINUTE);
  expect(watcher.passes).toHaveLength(before);
  // Said again with every pass, declared once.
  const declared = world.client.readStream("/watcher/w/main", { last: 100 });
  expect((await declared).events.filter((event) => "key" in event && event.key === "observe:db:board")).toHaveLength(1);
});

test("[RT60] a change is gathered, and a silence told, for as long as was asked", async () => {
  const world = worldOf((registry) =>
    watches(registry, (ctx) =>
      ctx.observe(db("board", { notes: note }), { wake: { on: "change", debounceMs: MINUTE, timeoutMs: 10 * MINUTE } }),
    ),
  );
  const writer = await world.spawn("writer", "w");
  await world.quiet();
  await world.spawn("watcher", "w");
  await world.quiet();
  await writer.send({ payload: "one" });
  await world.advance(MINUTE / 2);
  await writer.send({ payload: "two" });
  expect(whatOf(world)).toEqual([]);
  await world.advance(MINUTE / 2);
  expect(whatOf(world)).toEqual(["change /_skein/shared-state/board"]);
  await world.advance(9 * MINUTE);
  expect(whatOf(world)).toHaveLength(1);
  await world.advance(60 * MINUTE);
  expect(whatOf(world).slice(1)).toEqual(["timeout /_skein/shared-state/board"]);
});

test("[RT61] an observer of an entity reads its state and runs, and is woken when a run ends", async () => {
  const read: unknown[] = [];
  const world = worldOf((registry) =>
    watches(registry, async (ctx) => {
      const writer = await ctx.observe(entity("/writer/w", { totals: total }), { wake: "runFinished" });
      read.push([writer.collections.totals.get("all")?.n, writer.runs.size, writer.record.url]);
      for (const row of writer.observation.events) if (row.reason === "runFinished") read.push(row.run.response);
      if (writer.runs.size === 2) writer.observation.stop();
    }),
  );
  const writer = await world.spawn("writer", "w");
  await world.quiet();
  await world.spawn("watcher", "w");
  await world.quiet();
  for (const payload of ["one", "two", "three"]) {
    await writer.send({ payload });
    await world.quiet();
  }
  expect(read).toEqual([
    [undefined, 0, "/writer/w"],
    [1, 1, "/writer/w"],
    "wrote one",
    [2, 2, "/writer/w"],
    "wrote two",
  ]);
  expect(world.logs).toEqual([]);
});

test("[RT61] a set is listed, and whoever joins, changes and leaves is told", async () => {
  const listed: string[][] = [];
  const world = worldOf((registry) =>
    watches(registry, async (ctx) => {
      const set = await ctx.observe(entities({ type: "writer", tags: { team: "a", on: "yes" } }), {
        wake: { on: "change" },
      });
      listed.push(set.entities.map(({ id }) => id));
    }),
  );
  const tags = { team: "a", on: "yes" };
  await world.spawn("writer", "one", { tags });
  await world.spawn("writer", "other", { tags: { team: "a" } });
  await world.quiet();
  await world.spawn("watcher", "w");
  await world.quiet();
  await world.spawn("writer", "two", { tags });
  await world.quiet();
  await world.client.setTag("/writer/other", "on", "yes");
  await world.quiet();
  await world.client.kill("/writer/one");
  await world.quiet();
  expect(listed).toEqual([["one"], ["one", "two"], ["one", "other", "two"], ["other", "two"]]);
  const told = world.entity("/watcher/w").wakes.flatMap((row) => (row.reason === "change" ? row.changes : []));
  expect(told.map(({ key, operation }) => [key, operation])).toEqual([
    ["/writer/two", "insert"],
    ["/writer/other", "insert"],
    ["/writer/one", "delete"],
  ]);
});

test("[RT62] a schedule wakes at each tick; sleeps wake once, replace each other by name, and can be ended", async () => {
  const world = worldOf((registry) =>
    watches(registry, async (ctx) => {
      await ctx.observe(cron("0 9 * * *", { timezone: "Europe/Berlin" }));
      if (!ctx.firstWake) return;
      ctx.sleep(MINUTE);
      ctx.sleep(2 * MINUTE, { name: "long" });
      ctx.sleep(3 * MINUTE, { name: "gone" });
      await ctx.flush();
      ctx.sleep({ until: world.now + 5 * MINUTE }, { name: "long" });
      ctx.wakeUp("gone");
    }),
  );
  await world.spawn("watcher", "w");
  await world.advance(MINUTE);
  expect(whatOf(world)).toEqual(["timer timer"]);
  await world.advance(60 * MINUTE);
  expect(whatOf(world)).toHaveLength(2);
  // 2026-01-01 00:00 UTC is an hour past midnight in Berlin.
  await world.advance(7 * 60 * MINUTE);
  expect(whatOf(world).slice(2)).toEqual(["cron cron"]);
  await world.advance(3 * 24 * 60 * MINUTE);
  const ticks = world.entity("/watcher/w").wakes.flatMap((row) => (row.reason === "cron" ? [new Date(row.at)] : []));
  expect(ticks.map((at) => at.toISOString())).toEqual([1, 2, 3, 4].map((day) => `2026-01-0${day}T08:00:00.000Z`));
});

test("[RT62] a message that is due later arrives then, and one that was taken back never does", async () => {
  const world = worldOf((registry) =>
    registry.define("sender", {
      description: "Sends for later.",
      handler: (ctx) => {
        if (!ctx.firstWake) return;
        ctx.send("/writer/w", { payload: "later", afterMs: MINUTE });
        ctx.send("/writer/w", { payload: "now" });
      },
    }),
  );
  const writer = await world.spawn("writer", "w");
  await world.spawn("sender", "s");
  const { key } = await world.client.send(writer.url, { payload: "never", afterMs: MINUTE });
  await world.quiet();
  await world.client.removeMessage(writer.url, key);
  const texts = (): unknown[] => writer.inbox.map(({ payload }) => payload);
  expect(texts()).toEqual(["now"]);
  await world.advance(MINUTE);
  expect(texts()).toEqual(["now", "later"]);
  expect(
    world
      .sharedState("board")
      .rows(note)
      .map(({ text }) => text),
  ).toEqual(["now", "later"]);
});

test("[RT63] a message that was taken cannot be changed any more, those behind it can, and the handler sees how they are then", async () => {
  const taken: unknown[] = [];
  const arrived: unknown[] = [];
  let go = (): void => undefined;
  const world = worldOf((registry) =>
    registry.define("queue", {
      description: "Takes one message after the other.",
      async handler(ctx, wake) {
        for (const { key } of wake.messages) {
          taken.push((await ctx.take(key))?.payload);
          await new Promise<void>((resolve) => (go = resolve));
        }
        ctx.onMessage(({ payload }) => void arrived.push(payload));
      },
    }),
  );
  const it = await world.spawn("queue", "q");
  await world.quiet();
  await it.signal("pause");
  const keys = [];
  for (const payload of ["a", "b", "c", "d"]) keys.push((await it.send({ payload })).key);
  const [a = "", b = "", c = "", d = ""] = keys;
  await it.signal("continue");
  await world.until(() => taken.length === 1);
  await expect(world.client.editMessage(it.url, a, { payload: "late" })).rejects.toMatchObject({
    code: "conflict",
  });
  await world.client.editMessage(it.url, b, { payload: "b, edited" });
  await world.client.removeMessage(it.url, c);
  await world.client.editMessage(it.url, d, { payload: "d, edited" });
  for (let done = 1; done < 4; done += 1) {
    go();
    await world.until(() => taken.length === done + 1);
  }
  go();
  await world.quiet();
  expect(taken).toEqual(["a", "b, edited", undefined, "d, edited"]);
  expect(arrived).toEqual([]);
});

test("[RT64] `wake.events` has all that is new in the order of the log, and the wakes by their reasons", async () => {
  const kinds: string[][] = [];
  let counts: unknown;
  const world = worldOf((registry) =>
    registry.define("mixed", {
      description: "Gets everything.",
      async handler(ctx, wake) {
        expect(ctx.events).toBe(wake.events);
        kinds.push(ctx.events.map(({ kind, row }) => (kind === "wake" ? row.reason : kind)));
        counts = [wake.messages, wake.signals, wake.finished, wake.timers, wake.ticks, wake.changes, wake.timeouts].map(
          ({ length }) => length,
        );
        if (!ctx.firstWake) return;
        await ctx.spawn("writer", "child", { wake: { on: "change", collections: ["runs"], operations: ["update"] } });
        ctx.sleep(MINUTE);
      },
    }),
  );
  const it = await world.spawn("mixed", "m");
  await world.quiet();
  await it.signal("pause");
  await it.send({ payload: 1 });
  await world.send("/writer/child", { payload: "x" });
  await world.advance(MINUTE);
  expect(kinds).toEqual([[]]);
  await it.signal("continue");
  await world.quiet();
  expect(kinds[1]).toEqual(["signal", "message", "change", "timer", "signal"]);
  expect(counts).toEqual([1, 2, 0, 1, 0, 1, 0]);
  expect(it.passes).toHaveLength(2);
});
