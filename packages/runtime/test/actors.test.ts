import { createRegistry } from "@skein/runtime";
import type { WakeRow } from "@skein/protocol";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { deferred, rowsOf, startWorld, until } from "./harness.ts";

describe.each(["direct call", "socket"] as const)("[RT37] over a %s", (over) => {
  test("[RT17] a send is delivered with the commit it is part of, and one that cannot be is written down", async () => {
    const registry = createRegistry();
    registry.define("listener", { description: "Listens.", handler: () => undefined });
    registry.define("sender", {
      description: "Sends.",
      handler(ctx) {
        ctx.send("/listener/l", { payload: "hello" });
        ctx.send("/listener/nobody", { payload: "hello" });
      },
    });
    const { client } = await startWorld(registry, { over });
    await client.spawn("listener", "l");
    const { url } = await client.spawn("sender", "s");
    const inbox = await until(client, "/listener/l/main", (fold) => fold.rows("inbox").size === 1);
    expect(rowsOf(inbox, "inbox")).toMatchObject([{ payload: "hello" }]);
    const main = await until(client, `${url}/main`, (fold) => fold.rows("error").size === 1);
    expect(rowsOf(main, "error")).toMatchObject([{ kind: "send", to: "/listener/nobody", code: "not_found" }]);
  });

  test("[RT18] a child is made at once and declared, and a refused one rejects and leaves the rest as it was", async () => {
    const registry = createRegistry();
    const answers = deferred<unknown[]>();
    registry.define("child", {
      description: "Is made.",
      creationSchema: z.object({ n: z.number() }),
      handler: () => undefined,
    });
    registry.define("parent", {
      description: "Makes children.",
      async handler(ctx) {
        if (!ctx.firstWake) return;
        const twice = [];
        for (let index = 0; index < 2; index += 1) twice.push((await ctx.spawn("child", "c", { args: { n: 1 } })).url);
        const codes = await Promise.all([
          ctx.spawn("child", "c", { args: { n: 2 } }).catch((error: { code?: string }) => error.code),
          ctx.spawn("child", "d", { args: { n: "x" } }).catch((error: { code?: string }) => error.code),
          ctx.spawn("nothing", "d").catch((error: { code?: string }) => error.code),
        ]);
        ctx.setTag("done", "yes");
        answers.resolve([...twice, ...codes]);
      },
    });
    const { client, logs } = await startWorld(registry, { over });
    const { url } = await client.spawn("parent", "p");
    expect(await answers.promise).toEqual([
      "/child/c",
      "/child/c",
      "entity_exists",
      "schema_validation_failed",
      "unknown_entity_type",
    ]);
    await until(client, `${url}/main`, (fold) => fold.rows("tag").size === 1);
    expect(await client.getEntity("/child/c")).toMatchObject({ parent: url, args: { n: 1 } });
    expect(logs).toEqual([]);
  });

  test("[RT19] a parent that asked is woken when a run of its child ends, with the response", async () => {
    const registry = createRegistry();
    const woken: (readonly WakeRow[])[] = [];
    registry.define("child", {
      description: "Answers.",
      handler(ctx, wake) {
        for (const { payload } of wake.messages) {
          const run = ctx.recordRun();
          run.attachResponse("the answer to ");
          run.attachResponse(String(payload));
          if (payload === "bad") run.end({ status: "failed", error: "no idea" });
          else run.end({ status: "completed" });
        }
      },
    });
    registry.define("parent", {
      description: "Asks.",
      async handler(ctx, wake) {
        if (wake.wakes.length > 0) woken.push(wake.wakes);
        for (const { payload } of wake.messages) {
          const child = await ctx.spawn("child", "c", { wake: true });
          child.send({ payload });
        }
        if (woken.flat().length === 2) ctx.setTag("done", "yes");
      },
    });
    const { client } = await startWorld(registry, { over });
    const { url } = await client.spawn("parent", "p");
    await client.send(url, { payload: "good" });
    await until(client, `${url}/main`, (fold) => fold.rows("wake").size === 1);
    await client.send(url, { payload: "bad" });
    await until(client, `${url}/main`, (fold) => fold.rows("tag").size === 1);
    expect(woken.flat()).toMatchObject([
      { source: "/child/c", run: { status: "completed", response: "the answer to good" } },
      { source: "/child/c", run: { status: "failed", response: "the answer to bad", error: "no idea" } },
    ]);
  });

  test("[RT20] no run stays open when its handler has ended", async () => {
    const registry = createRegistry();
    registry.define("thing", {
      description: "Forgets to end its run.",
      handler: (ctx) => void ctx.recordRun(),
    });
    const { client } = await startWorld(registry, { over });
    const { url } = await client.spawn("thing", "one");
    const status = (fold: { rows(type: string): { at(index: number): { value: unknown } | undefined } }): unknown =>
      z.looseObject({ status: z.string() }).safeParse(fold.rows("run").at(0)?.value).data?.status;
    const fold = await until(client, `${url}/main`, (rows) => status(rows) === "failed");
    expect(rowsOf(fold, "run")).toMatchObject([{ status: "failed", finishReason: "not_ended" }]);
  });

  test("[RT21][RT22] input is shown while the handler runs, and what is not taken there comes again at once", async () => {
    const registry = createRegistry();
    const passes: unknown[] = [];
    const running = deferred();
    const interrupted = deferred();
    registry.define("thing", {
      description: "Runs until it is interrupted.",
      async handler(ctx, wake) {
        passes.push([
          wake.reason,
          wake.messages.map(({ payload }) => payload),
          wake.signals.map(({ signal }) => signal),
        ]);
        if (wake.reason !== "spawn") return;
        const messages: unknown[] = [];
        // Late on purpose: what came before the listener is shown to it as well.
        await ctx.flush();
        running.resolve();
        await new Promise((resolve) => setTimeout(resolve, 50));
        ctx.onMessage((row) => {
          messages.push(row.payload);
          return row.payload === "taken";
        });
        ctx.onSignal(({ signal }) => {
          if (signal === "interrupt") interrupted.resolve();
          return true;
        });
        await interrupted.promise;
        passes.push(messages);
      },
    });
    const { client } = await startWorld(registry, { over });
    const { url } = await client.spawn("thing", "one");
    await running.promise;
    for (const payload of ["taken", "left", "taken"]) await client.send(url, { payload });
    await client.signal(url, "interrupt");
    await expect.poll(() => passes.length).toBe(3);
    expect(passes).toEqual([
      ["spawn", [], []],
      ["taken", "left", "taken"],
      ["message", ["left"], []],
    ]);
  });

  test("[RT38] a warm wake reads only what is new, however long the history", async () => {
    const registry = createRegistry();
    const row = z.object({ key: z.string() });
    registry.define("thing", {
      description: "Has a history.",
      state: { rows: { type: "row", primaryKey: "key", schema: row } },
      handler(ctx, wake) {
        for (let n = ctx.state.rows.size; wake.reason === "spawn" && n < 2_000; n += 1) {
          ctx.state.rows.insert({ key: String(n) });
        }
        if (wake.reason === "message") ctx.state.rows.insert({ key: `message ${ctx.state.rows.size}` });
      },
    });
    let bytes = 0;
    const { client } = await startWorld(registry, {
      over,
      between: async (request, fetch) => {
        const response = await fetch(request);
        if (request.method !== "GET" || request.url.includes("live=")) return response;
        bytes += (await response.clone().arrayBuffer()).byteLength;
        return response;
      },
    });
    const { url } = await client.spawn("thing", "one");
    await until(client, `${url}/main`, (fold) => fold.rows("row").size === 2_000);
    bytes = 0;
    await client.send(url, { payload: 1 });
    await until(client, `${url}/main`, (fold) => fold.rows("row").size === 2_001);
    expect(bytes).toBeLessThan(2_000);
  });

  test("[RT14] a state opened for writing only is not read, however large it is", async () => {
    const registry = createRegistry();
    const log = { lines: { type: "line", primaryKey: "key", schema: z.object({ key: z.string(), text: z.string() }) } };
    registry.define("thing", {
      description: "Appends to a log.",
      async handler(ctx, wake) {
        const { lines } = await ctx.mkdb("log", log, { load: "none" });
        const count = wake.reason === "spawn" ? 500 : 1;
        for (let n = 0; n < count; n += 1) lines.insert({ key: `${ctx.generation}:${n}`, text: "x".repeat(100) });
      },
    });
    let bytes = 0;
    const { client } = await startWorld(registry, {
      over,
      between: async (request, fetch) => {
        const response = await fetch(request);
        if (request.method !== "GET" || !request.url.includes("shared-state") || !response.ok) return response;
        bytes += (await response.clone().arrayBuffer()).byteLength;
        return response;
      },
    });
    const { url } = await client.spawn("thing", "one");
    await until(client, "/_skein/shared-state/log", (fold) => fold.rows("line").size === 500);
    await client.send(url, { payload: 1 });
    await until(client, "/_skein/shared-state/log", (fold) => fold.rows("line").size === 501);
    expect(bytes).toBeLessThan(1_000);
  });
});
