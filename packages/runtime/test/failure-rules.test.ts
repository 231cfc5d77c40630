import { createRegistry, createRunner, type HandlerContext, type Registry, type Runner } from "@skein/runtime";
import { createClient, createFold, type Client } from "@skein/runtime/client";
import { createManualClock, type ManualClock } from "@skein/runtime/testing";
import { createMemoryServer } from "@skein/server/testing";
import { expect, onTestFinished, test } from "vitest";
import { z } from "zod";
import { aborted, deferred, rowsOf } from "./harness.ts";

const state = { rows: { type: "row", primaryKey: "key", schema: z.object({ key: z.string() }) } } as const;
const LEASE = 30_000;
/** On a slow machine, too. */
const eventually = <T>(read: () => T | Promise<T>) => expect.poll(read, { timeout: 20_000, interval: 10 });
const codeOf = (error: unknown): unknown => (error instanceof Error && "code" in error ? error.code : error);

interface Machine {
  readonly runner: Runner;
  readonly clock: ManualClock;
  /** Lets time pass here and at the server, a second at a time, each time until the server has answered. */
  pass(ms: number): Promise<void>;
  /** Cuts its network, requests under way included. */
  cut(): void;
  mend(): void;
}

/** A server and machines, each with a clock that the test moves. */
function world() {
  let serverTime = 1_000_000;
  const server = createMemoryServer({ now: () => serverTime, leaseMs: LEASE });
  onTestFinished(() => server.close());
  const client = createClient({
    fetch: (request) => server.fetch(request),
    baseUrl: server.url,
    token: server.token,
  });
  const start = async (id: string, registry: Registry): Promise<Machine> => {
    const clock = createManualClock();
    const underWay = new Set<Promise<unknown>>();
    let line = new AbortController();
    const machine: Machine = {
      clock,
      cut: () => line.abort(new TypeError("no network")),
      mend: () => (line = new AbortController()),
      async pass(ms) {
        for (let left = ms; left > 0; left -= 1000) {
          serverTime += Math.min(left, 1000);
          await clock.advance(Math.min(left, 1000));
          while (underWay.size > 0) await Promise.allSettled(underWay);
          await clock.advance(0);
        }
      },
      runner: createRunner({
        async fetch(request) {
          line.signal.throwIfAborted();
          const signal = AbortSignal.any([request.signal, line.signal]);
          const answer = server.fetch(new Request(request, { signal }));
          if (!/\/poll$|live=/.test(request.url)) {
            underWay.add(answer);
            void answer.finally(() => underWay.delete(answer));
          }
          return answer;
        },
        baseUrl: server.url,
        token: server.token,
        registry,
        id,
        clock,
        log: () => undefined,
      }),
    };
    // A stopping runner waits by its own clock, which stands still now.
    onTestFinished(async () => {
      machine.mend();
      const stopped = machine.runner.stop();
      await Promise.race([stopped, clock.advance(60_000).then(() => clock.advance(60_000))]);
      await stopped;
    });
    await machine.runner.start();
    return machine;
  };
  return { client, start, sleep: (ms: number) => (serverTime += ms) };
}

const rows = async (client: Client, url: string, type: string): Promise<unknown[]> => {
  const fold = createFold();
  fold.apply((await client.readStream(`${url}/main`, { from: "-1" })).events, 0);
  return rowsOf(fold, type);
};
const statusOf = async (client: Client, url: string): Promise<string> => (await client.getEntity(url)).status;

test("[FL2] a handler that hangs keeps its claim until its type's limit, then has failed, and the next work is done", async () => {
  const { client, start } = world();
  const registry = createRegistry();
  const hanging = deferred<HandlerContext<typeof state>>();
  const forEver = deferred();
  const payloads: unknown[] = [];
  registry.define("thing", {
    description: "Hangs.",
    state,
    stallMs: 60_000,
    async handler(ctx, { messages }) {
      payloads.push(...messages.map(({ payload }) => payload));
      if (payloads.at(-1) !== "hang") return;
      ctx.recordRun();
      await ctx.flush();
      hanging.resolve(ctx);
      await forEver.promise;
    },
  });
  const machine = await start("a", registry);
  const { url } = await client.spawn("thing", "one", { initialMessage: { payload: "hang" } });
  const ctx = await hanging.promise;
  await machine.pass(50_000);
  // A commit is progress: the time begins anew.
  ctx.state.rows.insert({ key: "progress" });
  await ctx.flush();
  await machine.pass(59_000);
  expect([ctx.signal.aborted, await statusOf(client, url)]).toEqual([false, "running"]);
  await machine.pass(1_000);
  expect(codeOf(ctx.signal.reason)).toBe("timed_out");
  // It does not listen, either: after the grace time it is given up on.
  await machine.pass(6_000);
  await eventually(() => statusOf(client, url)).toBe("idle");
  expect(await rows(client, url, "error")).toMatchObject([{ code: "timed_out" }]);
  expect(await rows(client, url, "run")).toMatchObject([{ status: "failed" }]);
  ctx.state.rows.insert({ key: "too late" });
  expect(await ctx.flush().catch(codeOf)).toBe("fenced");
  await client.send(url, { payload: "next" });
  await eventually(() => payloads).toEqual(["hang", "next"]);
  expect(await rows(client, url, "row")).toEqual([{ key: "progress" }]);
}, 60_000);

test("[FL2] a handler that hangs and listens to its signal ends as it likes", async () => {
  const { client, start } = world();
  const registry = createRegistry();
  const hanging = deferred();
  registry.define("thing", {
    description: "Gives up when told.",
    state,
    stallMs: 5_000,
    async handler(ctx) {
      hanging.resolve();
      const reason = codeOf(await aborted(ctx.signal));
      ctx.state.rows.insert({ key: String(reason) });
    },
  });
  const machine = await start("a", registry);
  const { url } = await client.spawn("thing", "one");
  await hanging.promise;
  await machine.pass(5_000);
  await eventually(() => statusOf(client, url)).toBe("idle");
  expect(await rows(client, url, "row")).toEqual([{ key: "timed_out" }]);
  expect(await rows(client, url, "error")).toEqual([]);
}, 60_000);

/** Each handler says when it begins and when its signal aborts; the first of all then tries to write. */
function watched(log: string[], machine: string, hold: Promise<unknown>): Registry {
  const registry = createRegistry();
  registry.define("other", { description: "Does nothing.", handler: () => undefined });
  registry.define("thing", {
    description: "Is slow.",
    state,
    async handler(ctx) {
      log.push(`${machine} ${ctx.generation} begins`);
      if (ctx.generation > 1) return ctx.state.rows.insert({ key: `${machine} ${ctx.generation}` });
      ctx.recordRun();
      await ctx.flush();
      log.push(`${machine} flushed`);
      const reason = codeOf(await aborted(ctx.signal));
      log.push(`${machine} aborted: ${String(reason)}`);
      await hold;
      ctx.state.rows.insert({ key: `${machine} too late` });
      log.push(`${machine} writes: ${String(await ctx.flush().catch(codeOf))}`);
    },
  });
  return registry;
}

test("[FL3] a machine whose heartbeats are lost stops before another may begin, and its late writes are refused", async () => {
  const { client, start, sleep } = world();
  const log: string[] = [];
  const hold = deferred();
  const first = await start("a", watched(log, "a", hold.promise));
  const { url } = await client.spawn("thing", "one");
  await eventually(() => log.at(-1)).toBe("a flushed");
  first.cut();
  await first.pass(26_000);
  expect(log).toHaveLength(2);
  await first.pass(3_000);
  expect(log.at(-1)).toBe("a aborted: fenced");
  // Only now is the lease over, and somebody else gets it.
  const second = await start("b", watched(log, "b", hold.promise));
  await client.spawn("other", "early");
  await eventually(() => statusOf(client, "/other/early")).toBe("idle");
  expect(log.at(-1)).toBe("a aborted: fenced");
  sleep(1_000);
  await client.spawn("other", "nudge");
  await eventually(() => rows(client, url, "row")).toEqual([{ key: "b 2" }]);
  first.mend();
  hold.resolve();
  await eventually(() => log.at(-1)).toBe("a writes: fenced");
  expect(log).toEqual(["a 1 begins", "a flushed", "a aborted: fenced", "b 2 begins", "a writes: fenced"]);
  expect(await rows(client, url, "row")).toEqual([{ key: "b 2" }]);
  expect(await rows(client, url, "run")).toMatchObject([{ status: "failed" }]);
  expect(second.runner.running).toEqual([]);
}, 60_000);

test.for(["somebody else has the work", "nobody else has the work"])(
  "[FL4] a runner on a machine that slept asks before it goes on, and is stopped: %s",
  { timeout: 60_000 },
  async (which) => {
    const { client, start, sleep } = world();
    const log: string[] = [];
    const hold = deferred();
    hold.resolve();
    const first = await start("a", watched(log, "a", hold.promise));
    const { url } = await client.spawn("thing", "one");
    await eventually(() => log.at(-1)).toBe("a flushed");
    // The machine sleeps: its timers stand still, and the time of the others goes on.
    sleep(3_600_000);
    first.clock.jump(3_600_000);
    if (which === "somebody else has the work") {
      first.cut();
      await start("b", watched(log, "b", hold.promise));
      await eventually(() => rows(client, url, "row")).toEqual([{ key: "b 2" }]);
      first.mend();
      await first.pass(2_000);
      await eventually(() => log.slice(-2)).toEqual(["a aborted: fenced", "a writes: fenced"]);
      expect(await rows(client, url, "row")).toEqual([{ key: "b 2" }]);
    } else {
      await first.pass(2_000);
      await eventually(() => log).toContain("a writes: fenced");
      await client.spawn("other", "nudge");
      await eventually(() => rows(client, url, "row")).toEqual([{ key: "a 2" }]);
    }
    expect(await rows(client, url, "run")).toMatchObject([{ status: "failed" }]);
  },
);

const WAYS = ["returns", "throws", "hangs", "loses its claim", "is killed", "stops with its runner"] as const;

test.for(WAYS)(
  "[FL5][FL6] no run stays started and no child is touched when a handler %s",
  { timeout: 60_000 },
  async (way) => {
    const { client, start, sleep } = world();
    const registry = createRegistry();
    const begun = deferred();
    let passes = 0;
    registry.define("child", { description: "Lives on.", handler: () => undefined });
    registry.define("thing", {
      description: "Begins a run and does not end it.",
      stallMs: 5_000,
      async handler(ctx) {
        if ((passes += 1) > 1) return;
        await ctx.spawn("child", "c");
        ctx.recordRun();
        await ctx.flush();
        begun.resolve();
        if (way === "returns") return;
        if (way === "throws") throw new Error("out of luck");
        await aborted(ctx.signal);
        throw new Error("aborted");
      },
    });
    const machine = await start("a", registry);
    const { url } = await client.spawn("thing", "one");
    await begun.promise;
    if (way === "hangs") await machine.pass(5_000);
    if (way === "is killed") await client.kill(url);
    if (way === "stops with its runner") await machine.runner.stop();
    if (way === "loses its claim") {
      machine.cut();
      sleep(LEASE);
      await start("b", registry);
      await eventually(() => passes).toBe(2);
    }
    await eventually(async () => (await rows(client, url, "run")).map((row) => Object(row).status as unknown)).toEqual([
      "failed",
    ]);
    expect(await statusOf(client, "/child/c")).toBe("idle");
    await client.send("/child/c", { payload: "still there" });
  },
);
