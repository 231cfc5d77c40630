import { createRegistry, createRunner, type Registry, type Runner } from "@skein/runtime";
import { createClient, type Fetch } from "@skein/runtime/client";
import { createMemoryServer } from "@skein/server/testing";
import { expect, onTestFinished, test } from "vitest";
import { z } from "zod";
import { rowsOf, until } from "./harness.ts";

const ENTITIES = 8;
const MESSAGES = 24;
const HOPS = 5;
const seen = z.object({ key: z.string(), times: z.number() });
const parcel = z.object({ id: z.string(), hops: z.number() });

/** Each entity notes what it was given and passes it on. Two of its handlers at the same time are noted too. */
function relay(overlaps: string[]): Registry {
  const running = new Map<string, AbortSignal>();
  const registry = createRegistry();
  registry.define("relay", {
    description: "Passes parcels on.",
    inboxSchemas: { parcel },
    state: { seen: { type: "seen", primaryKey: "key", schema: seen } },
    async handler(ctx, wake) {
      // A handler whose claim was lost may still be ending; one with a claim may not.
      if (running.get(ctx.url)?.aborted === false) overlaps.push(ctx.url);
      running.set(ctx.url, ctx.signal);
      for (const { payload } of wake.messages) {
        const { id, hops } = parcel.parse(payload);
        const times = ctx.state.seen.get(`${id}:${hops}`)?.times ?? 0;
        ctx.state.seen.upsert({ key: `${id}:${hops}`, times: times + 1 });
        const next = (Number(ctx.id) * 3 + 1) % ENTITIES;
        if (hops > 0) ctx.send(`/relay/${next}`, { type: "parcel", payload: { id, hops: hops - 1 } });
        await new Promise((resolve) => setTimeout(resolve, 1));
        if (ctx.signal.aborted) throw new Error("aborted");
      }
      if (running.get(ctx.url) === ctx.signal) running.delete(ctx.url);
    },
  });
  return registry;
}

test("[RT56] runners may stop and crash at any time: what is committed with its input takes effect exactly once", async () => {
  const server = createMemoryServer({ leaseMs: 400 });
  onTestFinished(() => server.close());
  const direct: Fetch = (request) => server.fetch(request);
  const client = createClient({ fetch: direct, baseUrl: server.url, token: server.token });
  const overlaps: string[] = [];
  const registry = relay(overlaps);
  let count = 0;
  const start = async (): Promise<{ runner: Runner; crash: () => void }> => {
    let crashed = false;
    const runner = createRunner({
      fetch: (request) => (crashed ? Promise.reject(new TypeError("crashed")) : direct(request)),
      baseUrl: server.url,
      token: server.token,
      registry,
      id: `runner-${(count += 1)}`,
      concurrency: 4,
      graceMs: 50,
      log: () => undefined,
    });
    onTestFinished(() => runner.stop());
    await runner.start();
    return { runner, crash: () => (crashed = true) };
  };

  let current = await start();
  for (let id = 0; id < ENTITIES; id += 1) await client.spawn("relay", String(id));
  for (let message = 0; message < MESSAGES; message += 1) {
    const payload = { id: `m${message}`, hops: HOPS };
    await client.send(`/relay/${message % ENTITIES}`, { type: "parcel", payload });
    if (message % 8 === 3) {
      const before = current;
      current = await start();
      await before.runner.stop();
    }
    if (message % 8 === 7) {
      current.crash();
      current = await start();
    }
  }

  const expected = new Map<string, string[]>();
  for (let message = 0; message < MESSAGES; message += 1) {
    for (let hops = HOPS, at = message % ENTITIES; hops >= 0; hops -= 1, at = (at * 3 + 1) % ENTITIES) {
      expected.set(`/relay/${at}`, [...(expected.get(`/relay/${at}`) ?? []), `m${message}:${hops}`]);
    }
  }
  for (const [url, keys] of expected) {
    const fold = await until(client, `${url}/main`, (rows) => rows.rows("seen").size === keys.length, 20_000);
    expect(rowsOf(fold, "seen")).toEqual(expect.arrayContaining(keys.map((key) => ({ key, times: 1 }))));
  }
  expect(overlaps).toEqual([]);
}, 60_000);
