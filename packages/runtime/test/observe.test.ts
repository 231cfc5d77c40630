import { createRegistry, cron, db, entities, entity, type HandlerContext, type Registry } from "@skein/runtime";
import { expect, test } from "vitest";
import { z } from "zod";
import { deferred, rowsOf, startWorld, until } from "./harness.ts";

/** What test worlds show, on the real server: the rules themselves are tried there, with a clock that stands still. */
const note = { type: "note", primaryKey: "key", schema: z.object({ key: z.string(), text: z.string() }) };
const seen = { type: "seen", primaryKey: "key", schema: z.object({ key: z.string(), what: z.string() }) };
type Observing = (ctx: HandlerContext) => Promise<unknown>;

function registryOf(observing: Observing): Registry {
  const registry = createRegistry();
  registry.define("writer", {
    description: "Writes what it is sent to the board.",
    async handler(ctx, wake) {
      const board = await ctx.mkdb("board", { notes: note });
      for (const { key, payload } of wake.messages) {
        board.notes.upsert({ key, text: String(payload) });
        const run = ctx.recordRun();
        run.attachResponse(`wrote ${String(payload)}`);
        run.end({ status: "completed" });
      }
    },
  });
  registry.define("watcher", {
    description: "Writes down why it was woken.",
    state: { seen },
    async handler(ctx, wake) {
      await observing(ctx as HandlerContext);
      for (const { key, reason, source } of wake.wakes) ctx.state.seen.insert({ key, what: `${reason} ${source}` });
    },
  });
  return registry;
}

const declared = (count: number) => (fold: Parameters<typeof rowsOf>[0]) =>
  rowsOf(fold, "manifest").filter((row) => z.object({ kind: z.literal("observe") }).safeParse(row).success).length >=
  count;
const whatOf = (fold: Parameters<typeof rowsOf>[0]): string[] =>
  rowsOf(fold, "seen").map((row) => seen.schema.parse(row).what);

test("[RT60][RT61] on the real server an observer is woken by a shared state, a run and a set", async () => {
  const responses: unknown[] = [];
  const { client } = await startWorld(
    registryOf(async (ctx) => {
      await ctx.observe(db("board", { notes: note }), { wake: { on: "change", collections: ["notes"] } });
      const writer = await ctx.observe(entity("/writer/w"), { wake: "runFinished" });
      for (const row of writer.observation.events) if (row.reason === "runFinished") responses.push(row.run.response);
      const set = await ctx.observe(entities({ type: "writer" }), { wake: { on: "change" } });
      responses.push(set.entities.map(({ id }) => id));
    }),
  );
  await client.spawn("writer", "w");
  await until(client, "/_skein/shared-state/board", () => true);
  await client.spawn("watcher", "w");
  await until(client, "/watcher/w/main", declared(3));
  await client.send("/writer/w", { payload: "hello" });
  await until(client, "/watcher/w/main", (fold) => whatOf(fold).length >= 2);
  await client.spawn("writer", "x");
  const fold = await until(client, "/watcher/w/main", (now) => whatOf(now).some((what) => what.includes("entities?")));
  expect(new Set(whatOf(fold))).toEqual(
    new Set(["change /_skein/shared-state/board", "runFinished /writer/w", "change entities?type=writer"]),
  );
  expect(responses).toContain("wrote hello");
  expect(responses[0]).toEqual(["w"]);
  expect(responses.at(-1)).toEqual(["w", "x"]);
});

test("[RT62] on the real server sleeps end, schedules tick, and messages for later arrive", async () => {
  const { client } = await startWorld(
    registryOf(async (ctx) => {
      await ctx.observe(cron("* * * * * *"));
      if (!ctx.firstWake) return;
      ctx.sleep(20);
      ctx.sleep(3_600_000, { name: "long" });
      ctx.send(ctx.url, { payload: "later", afterMs: 30 });
    }),
  );
  await client.spawn("watcher", "w");
  const reasons = new Set(["timer timer", "cron cron"]);
  const fold = await until(
    client,
    "/watcher/w/main",
    (now) => [...reasons].every((what) => whatOf(now).includes(what)) && now.rows("inbox").size === 1,
  );
  expect(whatOf(fold).filter((what) => what === "timer timer")).toHaveLength(1);
  expect(rowsOf(fold, "delayed")).toEqual([]);
  await client.kill("/watcher/w");
});

test("[RT63] on the real server a message that was taken cannot be changed, and those behind it can", async () => {
  const begun = deferred();
  const go = deferred();
  const taken: unknown[] = [];
  const registry = createRegistry();
  registry.define("queue", {
    description: "Takes one message after the other.",
    async handler(ctx, wake) {
      for (const { key } of wake.messages) {
        taken.push((await ctx.take(key))?.payload);
        begun.resolve();
        await go.promise;
      }
    },
  });
  const { client } = await startWorld(registry);
  const { url } = await client.spawn("queue", "q");
  await until(client, `${url}/main`, (fold) => fold.rows("entity_created").size === 1);
  await client.signal(url, "pause");
  const keys: string[] = [];
  for (const payload of ["a", "b", "c"]) keys.push((await client.send(url, { payload })).key);
  const [a = "", b = "", c = ""] = keys;
  await client.signal(url, "continue");
  await begun.promise;
  await expect(client.editMessage(url, a, { payload: "late" })).rejects.toMatchObject({ code: "conflict" });
  await client.editMessage(url, b, { payload: "b, edited" });
  await client.removeMessage(url, c);
  go.resolve();
  await expect.poll(() => taken.length, { timeout: 10_000 }).toBe(3);
  expect(taken).toEqual(["a", "b, edited", undefined]);
});
