import { SkeinError } from "@skein/protocol";
import { expect, onTestFinished, test } from "vitest";
import { z } from "zod";
import { createClient, createFold } from "../client/index.ts";
import { createRunner } from "../runner/runner.ts";
import { db } from "../sources.ts";
import { createFakeServer } from "./server/fake-server.ts";
import { createRegistry, defineEntity, type Registry } from "../registry.ts";
import { createTestWorld, type TestWorld } from "./world.ts";

const total = { type: "total", primaryKey: "key", schema: z.object({ key: z.string(), n: z.number() }) };
const note = { type: "note", primaryKey: "key", schema: z.object({ key: z.string(), text: z.string() }) };

const counter = defineEntity({
  description: "Adds up what it is sent.",
  creationSchema: z.object({ start: z.number().default(0) }),
  inboxSchemas: { add: z.number() },
  state: { totals: total },
  handler(ctx, wake) {
    const before = ctx.state.totals.get("all")?.n ?? ctx.args.start;
    const added = wake.messages.map(({ payload }) => z.number().parse(payload));
    ctx.state.totals.upsert({ key: "all", n: added.reduce((sum, n) => sum + n, before) });
  },
});

function worldOf(define: (registry: Registry) => void): TestWorld {
  const registry = createRegistry();
  define(registry);
  const world = createTestWorld({ registry });
  onTestFinished(() => world.close());
  return world;
}

test("[RT57] a handler runs in a world of its own, and what it wrote, sent and made can be looked at", async () => {
  const world = worldOf((registry) => {
    registry.define("counter", counter);
    registry.define("boss", {
      description: "Makes a counter and sends to it.",
      async handler(ctx, wake) {
        if (!ctx.firstWake) return;
        const child = await ctx.spawn("counter", "made", { args: { start: 10 }, wake: true });
        child.send({ type: "add", payload: 1 });
        ctx.setTag("made", child.url);
        const run = ctx.recordRun();
        run.attachResponse(`woken by ${wake.reason}`);
        run.end({ status: "completed" });
        const board = await ctx.mkdb("board", { notes: note });
        board.notes.insert({ key: "1", text: "hello" });
        await ctx.flush();
        await board.live([{ type: "delta", key: "d", headers: { operation: "upsert" } }]);
      },
    });
  });
  const boss = await world.spawn("boss", "b");
  await world.quiet();
  expect(boss).toMatchObject({ children: ["/counter/made"], errors: [], runs: [{ status: "completed" }] });
  expect(boss.record).toMatchObject({ status: "idle", tags: { made: "/counter/made" } });
  expect(boss.sent).toEqual([{ to: "/counter/made", type: "add", payload: 1 }]);
  expect(boss.response(boss.runs[0]?.key ?? "")).toBe("woken by spawn");
  expect(world.entity("/counter/made").rows(total)).toEqual([{ key: "all", n: 11 }]);
  const board = world.sharedState("board");
  expect(board.rows(note)).toEqual([{ key: "1", text: "hello" }]);
  expect(board.live).toEqual([{ type: "delta", key: "d" }]);
  expect(world.sharedState("none").exists).toBe(false);
  expect(world.logs).toEqual([]);
});

test("[RT57] a world refuses what the server refuses", async () => {
  const world = worldOf((registry) => {
    registry.define("counter", counter);
    registry.define("picky", {
      description: "Takes nobody.",
      admit: () => {
        throw new SkeinError("directory_not_found", "There is no such place.");
      },
      handler: () => undefined,
    });
  });
  await expect(world.spawn("counter", "c", { args: { start: "one" } })).rejects.toMatchObject({
    code: "schema_validation_failed",
  });
  await expect(world.spawn("picky", "p")).rejects.toMatchObject({ code: "directory_not_found" });
  const it = await world.spawn("counter", "c");
  await expect(it.send({ type: "other", payload: 1 })).rejects.toMatchObject({ code: "unknown_message_type" });
});

test("[RT58] a commit that is refused drops what the handler wrote, and the failure can be looked at", async () => {
  const world = worldOf((registry) => registry.define("counter", counter));
  const it = await world.spawn("counter", "c");
  await world.quiet();
  world.mishap(it.url, 1, { kind: "refused", error: new SkeinError("too_large", "Too much.") });
  await it.send({ type: "add", payload: 1 });
  await world.quiet();
  expect(it.rows(total)).toEqual([{ key: "all", n: 0 }]);
  expect(it.errors).toEqual([{ code: "too_large", message: "Too much." }]);
  await it.send({ type: "add", payload: 2 });
  await world.quiet();
  expect(it.rows(total)).toEqual([{ key: "all", n: 2 }]);
});

test.each([
  [{ kind: "claim lost" }, 2],
  [{ kind: "crash", when: "before" }, 2],
  [{ kind: "crash", when: "after" }, 1],
] as const)("[RT58] after %j the work is done, and once", async (mishap, passes) => {
  const world = worldOf((registry) => registry.define("counter", counter));
  const it = await world.spawn("counter", "c");
  await world.quiet();
  world.mishap(it.url, 1, mishap);
  await it.send({ type: "add", payload: 5 });
  await world.quiet();
  expect(it.rows(total)).toEqual([{ key: "all", n: 5 }]);
  // The first one was the spawn's.
  expect(it.passes).toHaveLength(1 + passes);
});

test("[RT58] an answer that is lost is asked for again after a while, and the commit is applied once", async () => {
  const world = worldOf((registry) => registry.define("counter", counter));
  const it = await world.spawn("counter", "c");
  await world.quiet();
  world.mishap(it.url, 1, { kind: "answer lost" });
  await it.send({ type: "add", payload: 5 });
  await world.advance(1_000);
  await world.quiet();
  expect(it.rows(total)).toEqual([{ key: "all", n: 5 }]);
  expect(it.passes).toHaveLength(2);
});

test("[RT59] time stands still until it is moved; a handler at work keeps its claim however far that is", async () => {
  let aborted = 0;
  const world = worldOf((registry) =>
    registry.define("waiter", {
      description: "Waits for a shared state.",
      async handler(ctx) {
        ctx.signal.addEventListener("abort", () => (aborted += 1));
        const board = await ctx.observe(db("board", { notes: note }), { waitMs: 3_600_000 });
        ctx.setTag("read", [...board.notes].map(({ text }) => text).join());
      },
    }),
  );
  const it = await world.spawn("waiter", "w");
  await world.advance(1_000_000);
  expect(it.record.status).toBe("running");
  await world.client.transport.request("PUT", "/_skein/shared-state/board");
  const event = { type: "note", key: "1", value: { key: "1", text: "here" }, headers: { operation: "insert" } };
  await world.client.transport.request("POST", "/_skein/shared-state/board", { body: [event] });
  await world.advance(1_000);
  await world.quiet();
  expect(it.record).toMatchObject({ status: "idle", tags: { read: "here" } });
  expect(it.passes).toHaveLength(1);
  expect(world.now).toBe(Date.UTC(2026, 0, 1) + 1_001_000);
  expect(aborted).toBe(1);
});

test("[RT59] when everything dies the work of every handler is taken up again from what is durable", async () => {
  const begun: string[] = [];
  let stuck = true;
  const world = worldOf((registry) =>
    registry.define("step", {
      description: "Takes two steps.",
      state: { notes: note },
      async handler(ctx) {
        begun.push(ctx.id);
        ctx.state.notes.upsert({ key: "1", text: "begun" });
        await ctx.flush();
        if (stuck) await new Promise(() => undefined);
        ctx.state.notes.insert({ key: "2", text: "ended" });
      },
    }),
  );
  const entities = [await world.spawn("step", "a"), await world.spawn("step", "b")];
  await world.until(() => entities.every((one) => one.rows(note).length === 1));
  stuck = false;
  world.restart();
  await world.quiet();
  for (const one of entities) expect(one.rows(note).map(({ text }) => text)).toEqual(["begun", "ended"]);
  expect(begun).toEqual(["a", "b", "a", "b"]);
});

test("[RT57] an entity that needs another runner waits, and whoever else there is has its quiet", async () => {
  const world = worldOf((registry) => registry.define("counter", counter));
  const away = await world.spawn("counter", "away", { dispatch: { labels: { machine: "other" } } });
  const here = await world.spawn("counter", "here");
  await world.quiet();
  expect([away.passes.length, here.passes.length]).toEqual([0, 1]);
  await world.client.redispatch(away.url, null);
  await world.quiet();
  expect(away.passes).toHaveLength(1);
});

test("[RT57] a runner with its polls and its own clock works over the server in memory, too", async () => {
  const registry = createRegistry();
  registry.define("counter", counter);
  const server = createFakeServer();
  const connection = { fetch: server.fetch, baseUrl: server.url, token: server.token };
  const runner = createRunner({ ...connection, registry, id: "real", log: () => undefined });
  onTestFinished(() => runner.stop());
  await runner.start();
  const client = createClient(connection);
  const { url } = await client.spawn("counter", "c", { initialMessage: { type: "add", payload: 3 } });
  const fold = createFold();
  const signal = AbortSignal.timeout(10_000);
  for await (const { events } of client.followStream({ path: `${url}/main`, signal })) {
    fold.apply(events);
    if (fold.rows("total").size > 0) break;
  }
  expect(fold.rows("total").get("all")).toEqual({ key: "all", n: 3 });
});
