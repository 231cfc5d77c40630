import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createRegistry, createRunner } from "@skein/runtime";
import { createClient } from "@skein/runtime/client";
import { createEmbeddedServer } from "@skein/server/presets";
import { expect, onTestFinished, test } from "vitest";
import { z } from "zod";
import { deferred, rowsOf, until } from "./harness.ts";

const total = z.object({ key: z.string(), n: z.number() });

test("[RT36][RT37] a runner over a socket goes on when the server restarts, between wakes and in the middle of one", async () => {
  const home = await mkdtemp(join(tmpdir(), "skein-runtime-"));
  onTestFinished(() => rm(home, { recursive: true, force: true }));
  const start = (port: number) => createEmbeddedServer({ home, port, log: () => undefined });
  let server = await start(0);
  onTestFinished(() => server.close());
  const { url: baseUrl, token, port } = server;
  const restart = async (): Promise<void> => {
    await server.close();
    server = await start(port);
  };

  const registry = createRegistry();
  const inTheMiddle = deferred();
  const goOn = deferred();
  const generations: number[] = [];
  registry.define("counter", {
    description: "Adds up.",
    state: { totals: { type: "total", primaryKey: "key", schema: total } },
    async handler(ctx, wake) {
      generations.push(ctx.generation);
      const add = async (n: number): Promise<void> => {
        const before = ctx.state.totals.get("all")?.n ?? 0;
        ctx.state.totals.upsert({ key: "all", n: before + n });
        await ctx.flush();
      };
      for (const { payload } of wake.messages) {
        await add(1);
        if (payload !== "slow") continue;
        inTheMiddle.resolve();
        await goOn.promise;
        await add(1);
      }
    },
  });
  const logs: string[] = [];
  const runner = createRunner({
    baseUrl,
    token,
    registry,
    id: "far",
    log: (level, text) => logs.push(`${level} ${text}`),
  });
  onTestFinished(() => runner.stop());
  await runner.start();
  const client = createClient({ baseUrl, token });
  const { url } = await client.spawn("counter", "one");
  const reached = (n: number) =>
    until(client, `${url}/main`, (fold) => total.safeParse(fold.rows("total").get("all")).data?.n === n, 20_000);

  await client.send(url, { payload: "fast" });
  await reached(1);
  await restart();
  await client.send(url, { payload: "fast" });
  await reached(2);

  await client.send(url, { payload: "slow" });
  await inTheMiddle.promise;
  await restart();
  goOn.resolve();
  const fold = await reached(4);
  expect(rowsOf(fold, "total")).toEqual([{ key: "all", n: 4 }]);
  expect(rowsOf(fold, "error")).toEqual([]);
  expect(new Set(generations).size).toBe(generations.length);
  expect(logs.filter((line) => line.startsWith("error"))).toEqual([]);
});
