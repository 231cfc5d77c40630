import { createRegistry, type HandlerContext } from "@skein/runtime";
import { expect, test } from "vitest";
import { z } from "zod";
import { aborted, deferred, rowsOf, startWorld, until } from "./harness.ts";

const row = z.object({ key: z.string() });
const state = { rows: { type: "row", primaryKey: "key", schema: row } } as const;
const codeOf = (error: unknown): unknown => (error instanceof Error && "code" in error ? error.code : error);

test("[RT24] a handler that throws: an error row, failed runs, nothing unflushed, no retry, and its children live", async () => {
  const registry = createRegistry();
  let calls = 0;
  registry.define("child", { description: "Lives on.", handler: () => undefined });
  registry.define("thing", {
    description: "Fails.",
    state,
    async handler(ctx, wake) {
      if (wake.reason !== "message") return;
      calls += 1;
      if (wake.messages[0]?.payload !== "fail") return ctx.state.rows.insert({ key: "after" });
      await ctx.spawn("child", "c");
      ctx.state.rows.insert({ key: "flushed" });
      await ctx.flush();
      ctx.recordRun();
      ctx.state.rows.insert({ key: "dropped" });
      throw new Error("out of luck");
    },
  });
  const { client } = await startWorld(registry);
  const { url } = await client.spawn("thing", "one");
  await client.send(url, { payload: "fail" });
  await until(client, `${url}/main`, (fold) => fold.rows("error").size === 1);
  await client.send(url, { payload: "go on" });
  const fold = await until(client, `${url}/main`, (rows) => rows.rows("row").size === 2);
  expect(rowsOf(fold, "row")).toEqual([{ key: "flushed" }, { key: "after" }]);
  expect(rowsOf(fold, "error")).toMatchObject([{ code: "internal", message: "out of luck" }]);
  expect(rowsOf(fold, "run")).toMatchObject([{ status: "failed", error: "out of luck" }]);
  expect(calls).toBe(2);
  expect((await client.getEntity("/child/c")).status).toBe("idle");
});

test("[RT25] a kill aborts the handler that runs, and nothing it writes then arrives", async () => {
  const registry = createRegistry();
  const running = deferred();
  const after = deferred<unknown>();
  registry.define("thing", {
    description: "Runs for ever.",
    state,
    async handler(ctx) {
      running.resolve();
      const reason = codeOf(await aborted(ctx.signal));
      ctx.state.rows.insert({ key: "too late" });
      after.resolve([reason, await ctx.flush().catch(codeOf)]);
    },
  });
  const { client } = await startWorld(registry);
  const { url } = await client.spawn("thing", "one");
  await running.promise;
  await client.kill(url);
  expect(await after.promise).toEqual(["entity_ended", "entity_ended"]);
  const fold = await until(client, `${url}/main`, (rows) => rows.rows("entity_ended").size === 1);
  expect(rowsOf(fold, "row")).toEqual([]);
});

test("[RT26] when the lease is lost, flush rejects as fenced, the signal aborts, and the next claim does the work", async () => {
  const registry = createRegistry();
  let ahead = 0;
  const seen: unknown[] = [];
  const generations: number[] = [];
  const flushed = deferred();
  const late = deferred();
  const work = async (ctx: HandlerContext<typeof state>): Promise<void> => {
    generations.push(ctx.generation);
    if (generations.length > 1) return ctx.state.rows.insert({ key: "second" });
    await ctx.flush();
    flushed.resolve();
    await late.promise;
    ctx.state.rows.insert({ key: "first" });
    seen.push(await ctx.flush().catch(codeOf), codeOf(await aborted(ctx.signal)));
  };
  registry.define("thing", { description: "Is slow.", state, handler: work });
  registry.define("other", { description: "Does nothing.", handler: () => undefined });
  const { client } = await startWorld(registry, { now: () => Date.now() + ahead, leaseMs: 20_000 });
  const { url } = await client.spawn("thing", "one");
  await flushed.promise;
  ahead = 20_001;
  late.resolve();
  await expect.poll(() => seen).toEqual(["fenced", "fenced"]);
  // The server's clock was moved by hand: something else to do makes the waiting poll look at it.
  await client.spawn("other", "nudge");
  const fold = await until(client, `${url}/main`, (rows) => rows.rows("row").size === 1);
  expect(rowsOf(fold, "row")).toEqual([{ key: "second" }]);
  expect(generations[1]).toBeGreaterThan(generations[0] ?? Infinity);
});

test("[RT27] a refused flush leaves the writes buffered, and a handler that ends with them has failed", async () => {
  const registry = createRegistry();
  const codes: unknown[] = [];
  let refuse = 1;
  registry.define("thing", {
    description: "Is refused.",
    state,
    async handler(ctx, wake) {
      ctx.state.rows.insert({ key: wake.reason });
      codes.push(await ctx.flush().catch(codeOf));
      if (wake.reason === "spawn") await ctx.flush();
    },
  });
  const { client } = await startWorld(registry, {
    between: async (request, fetch) => {
      if (!request.url.endsWith("/commit")) return fetch(request);
      const body = z.looseObject({
        writes: z.array(z.object({ events: z.array(z.looseObject({ type: z.string() })) })),
      });
      const { writes } = body.parse(await request.clone().json());
      if (!writes.some(({ events }) => events.some(({ type }) => type === "row"))) return fetch(request);
      refuse -= 1;
      if (refuse < 0) return fetch(request);
      return Response.json({ error: { code: "too_large", message: "That is too much." } }, { status: 413 });
    },
  });
  const { url } = await client.spawn("thing", "one");
  await until(client, `${url}/main`, (fold) => fold.rows("row").has("spawn"));
  await expect.poll(async () => (await client.getEntity(url)).status).toBe("idle");
  refuse = 2;
  await client.send(url, { payload: 1 });
  const fold = await until(client, `${url}/main`, (rows) => rows.rows("error").size === 1);
  expect(codes).toEqual(["too_large", "too_large"]);
  expect(rowsOf(fold, "row")).toEqual([{ key: "spawn" }]);
  expect(rowsOf(fold, "error")).toMatchObject([{ code: "too_large" }]);
});

test("[RT31] a commit whose answer is lost is sent again under the same number, and applied once", async () => {
  const registry = createRegistry();
  registry.define("listener", { description: "Listens.", handler: () => undefined });
  registry.define("thing", {
    description: "Writes.",
    state,
    async handler(ctx) {
      ctx.state.rows.insert({ key: "a" });
      ctx.send("/listener/l", { payload: 1 });
      await ctx.flush();
      ctx.state.rows.insert({ key: "b" });
    },
  });
  let lose = 2;
  const { client, logs } = await startWorld(registry, {
    between: async (request, fetch) => {
      const response = await fetch(request);
      if (!request.url.endsWith("/commit") || !request.url.includes("/thing/")) return response;
      lose -= 1;
      if (lose >= 0) throw new TypeError("connection reset");
      return response;
    },
  });
  await client.spawn("listener", "l");
  const { url } = await client.spawn("thing", "one");
  const fold = await until(client, `${url}/main`, (rows) => rows.rows("row").has("b"));
  expect(rowsOf(fold, "row")).toEqual([{ key: "a" }, { key: "b" }]);
  const inbox = await client.readStream("/listener/l/main", { from: "-1" });
  expect(inbox.events.filter((event) => "type" in event && event.type === "inbox")).toHaveLength(1);
  expect(logs).toEqual([]);
});
