import { createRegistry, createRunner, type Registry } from "@skein/runtime";
import { SkeinError } from "@skein/protocol";
import { createMemoryServer } from "@skein/server/testing";
import { createClient } from "@skein/runtime/client";
import { expect, onTestFinished, test } from "vitest";
import { z } from "zod";
import { aborted, deferred, rowsOf, startWorld, until } from "./harness.ts";

const row = z.object({ key: z.string() });
const state = { rows: { type: "row", primaryKey: "key", schema: row } } as const;
const quiet = (): void => undefined;

test("[RT32] a runner that stops waits for its handlers, then aborts them and gives their work back unacknowledged", async () => {
  const server = createMemoryServer();
  onTestFinished(() => server.close());
  const connection = { fetch: (request: Request) => server.fetch(request), baseUrl: server.url, token: server.token };
  const client = createClient(connection);
  const patient = deferred();
  const stuck = deferred();
  const first = createRegistry();
  first.define("patient", {
    description: "Ends in time.",
    state,
    async handler(ctx) {
      patient.resolve();
      await new Promise((resolve) => setTimeout(resolve, 20));
      ctx.state.rows.insert({ key: "done" });
    },
  });
  first.define("stuck", {
    description: "Needs to be aborted.",
    state,
    async handler(ctx) {
      stuck.resolve();
      ctx.state.rows.insert({ key: "not flushed" });
      await aborted(ctx.signal);
      throw new Error("stopped");
    },
  });
  const one = createRunner({ ...connection, registry: first, id: "one", log: quiet });
  await one.start();
  await client.spawn("patient", "p");
  await client.spawn("stuck", "s", { initialMessage: { payload: "the work" } });
  await Promise.all([patient.promise, stuck.promise]);
  expect(one.running).toHaveLength(2);
  await one.stop({ drainMs: 300 });
  expect(one.running).toEqual([]);
  expect((await client.listRunners())[0]).toMatchObject({ id: "one", online: false });

  const second = createRegistry();
  const given = deferred<unknown>();
  second.define("stuck", {
    description: "Does it.",
    state,
    handler(ctx, wake) {
      given.resolve([ctx.firstWake, wake.messages.map(({ payload }) => payload), ctx.state.rows.size]);
    },
  });
  const two = createRunner({ ...connection, registry: second, id: "two", log: quiet });
  onTestFinished(() => two.stop());
  await two.start();
  expect(await given.promise).toEqual([true, ["the work"], 0]);
  const fold = await until(client, "/patient/p/main", (rows) => rows.rows("row").size === 1);
  expect(rowsOf(fold, "row")).toEqual([{ key: "done" }]);
});

test("[RT33] an aborted handler that does not end in its grace time is given up on", async () => {
  const registry = createRegistry();
  const running = deferred();
  const never = deferred();
  onTestFinished(() => never.resolve());
  registry.define("deaf", {
    description: "Does not listen.",
    async handler() {
      running.resolve();
      await never.promise;
    },
  });
  const { client, runner, logs } = await startWorld(registry, { runner: { graceMs: 20 } });
  const { url } = await client.spawn("deaf", "one");
  await running.promise;
  await runner.stop();
  expect(runner.running).toEqual([]);
  expect(logs.join()).toContain("given up");
  expect((await client.getEntity(url)).status).toBe("idle");
});

test("[RT34] a runner runs so many handlers at a time, and one of an entity", async () => {
  const registry = createRegistry();
  const now = new Map<string, number>();
  let most = 0;
  let passes = 0;
  registry.define("thing", {
    description: "Counts who runs.",
    async handler(ctx, wake) {
      const own = (now.get(ctx.id) ?? 0) + 1;
      expect(own).toBe(1);
      now.set(ctx.id, own);
      most = Math.max(most, now.size);
      await new Promise((resolve) => setTimeout(resolve, 5));
      now.delete(ctx.id);
      passes += wake.messages.length;
    },
  });
  const { client, logs } = await startWorld(registry, { runner: { concurrency: 2, pollMs: 50 } });
  const ids = ["a", "b", "c", "d"];
  const urls = await Promise.all(ids.map(async (id) => (await client.spawn("thing", id)).url));
  for (let round = 0; round < 3; round += 1) {
    await Promise.all(urls.map((url) => client.send(url, { payload: round })));
  }
  await expect.poll(() => passes, { timeout: 10_000 }).toBe(12);
  expect(most).toBe(2);
  expect(logs).toEqual([]);
});

test("[RT35] a runner answers what it is asked, and is asked before an entity is made", async () => {
  const registry = createRegistry();
  registry.define("picky", {
    description: "Takes only small ones.",
    creationSchema: z.object({ size: z.number() }),
    admit({ args }) {
      if (args.size > 3) throw new SkeinError("directory_not_allowed", "Too large for this machine.");
    },
    handler: () => undefined,
  });
  const { client } = await startWorld(registry, {
    runner: {
      calls: {
        double: (params) => ({ n: z.object({ n: z.number() }).parse(params).n * 2 }),
        fail: () => {
          throw new SkeinError("session_not_found", "There is none.");
        },
      },
    },
  });
  expect(await client.call("test-runner", { method: "double", params: { n: 21 } })).toEqual({ n: 42 });
  await expect(client.call("test-runner", { method: "fail" })).rejects.toMatchObject({ code: "session_not_found" });
  await expect(client.call("test-runner", { method: "what" })).rejects.toMatchObject({ code: "call_failed" });
  await expect(client.spawn("picky", "big", { args: { size: 4 } })).rejects.toMatchObject({
    code: "directory_not_allowed",
    message: "Too large for this machine.",
  });
  expect(await client.spawn("picky", "small", { args: { size: 3 } })).toMatchObject({ created: true });
  await expect(client.getEntity("/picky/big")).rejects.toMatchObject({ code: "not_found" });
});

test("[RT39] a runner that the server does not know any more registers again", async () => {
  const registry: Registry = createRegistry();
  const ran = deferred();
  registry.define("thing", { description: "Runs.", handler: () => ran.resolve() });
  let server = createMemoryServer();
  onTestFinished(() => server.close());
  const connection = { fetch: (request: Request) => server.fetch(request), baseUrl: server.url, token: server.token };
  const runner = createRunner({ ...connection, registry, id: "one", log: quiet, pollMs: 100 });
  onTestFinished(() => runner.stop());
  await runner.start();
  await server.close();
  server = createMemoryServer();
  const client = createClient(connection);
  await expect.poll(async () => (await client.listRunners()).length, { timeout: 10_000 }).toBe(1);
  await client.spawn("thing", "one");
  await ran.promise;
});

test("[RT1] names that are taken, reserved or malformed are refused where they are defined", () => {
  const registry = createRegistry();
  const definition = { description: "x", handler: () => undefined };
  registry.define("thing", definition);
  expect(() => registry.define("thing", definition)).toThrow(expect.objectContaining({ code: "conflict" }));
  for (const name of ["_skein", "v1", "new", "Thing", "a b", ""]) {
    expect(() => registry.define(name, definition)).toThrow(expect.objectContaining({ code: "reserved_name" }));
  }
  const inbox = { mine: { type: "inbox", primaryKey: "key" } };
  expect(() => registry.define("other", { ...definition, state: inbox })).toThrow(
    expect.objectContaining({ code: "reserved_name" }),
  );
});

test("[RT2] the server knows the schemas of a type as JSON Schema, and holds people to them", async () => {
  const registry = createRegistry();
  registry.define("thing", {
    description: "Has schemas.",
    creationSchema: z.object({ n: z.number().default(1) }),
    inboxSchemas: { add: z.object({ n: z.number() }) },
    state,
    handler: () => undefined,
  });
  const { client } = await startWorld(registry);
  const type = await client.getEntityType("thing");
  expect(type.creationSchema).toMatchObject({ type: "object", properties: { n: { type: "number" } } });
  expect(type.creationSchema?.["required"] ?? []).toEqual([]);
  expect(type.stateSchemas).toMatchObject({ row: { required: ["key"] } });
  const { url } = await client.spawn("thing", "one");
  await expect(client.send(url, { type: "add", payload: { n: "1" } })).rejects.toMatchObject({
    code: "schema_validation_failed",
  });
  await expect(client.spawn("thing", "two", { args: { n: "1" } })).rejects.toMatchObject({
    code: "schema_validation_failed",
  });
});

test("[RT65] a runner tells its labels, and gets the entities that ask for them and no others", async () => {
  const registry = createRegistry();
  registry.define("pinned", {
    description: "Needs a machine.",
    dispatch: { labels: { machine: "mini" } },
    handler: (ctx) => ctx.setTag("ran", "here"),
  });
  const { client, runner } = await startWorld(registry, {
    runner: { labels: { machine: "mini", agent: ["claude", "codex"] } },
  });
  expect(await client.listRunners()).toMatchObject([{ labels: { machine: "mini", agent: ["claude", "codex"] } }]);
  const elsewhere = { labels: { machine: "other" } };
  await client.spawn("pinned", "away", { dispatch: elsewhere });
  const { url } = await client.spawn("pinned", "here");
  await until(client, `${url}/main`, (fold) => fold.rows("tag").has("ran"));
  expect(await client.getEntity("/pinned/away")).toMatchObject({ status: "idle", placement: { online: false } });
  expect((await client.getEntity("/pinned/away")).tags).toEqual({});
  await client.redispatch("/pinned/away", null);
  await until(client, "/pinned/away/main", (fold) => fold.rows("tag").has("ran"));
  expect(runner.running.length).toBeLessThan(2);
});
