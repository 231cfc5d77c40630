import { createRegistry } from "@skein/runtime";
import { expect, test } from "vitest";
import { z } from "zod";
import { startWorld, until } from "./harness.ts";

const lines = { lines: { type: "line", primaryKey: "key", schema: z.object({ key: z.string() }) } };

test("[FK19] a handler forks what it works on as it stands: by itself, once, with what it wrote until then", async () => {
  const registry = createRegistry();
  const admitted: unknown[] = [];
  registry.define("writer", {
    description: "Writes lines, and forks itself when it is told.",
    fork: { omitArgs: ["secret"] },
    admit: ({ id, forkedFrom }) => void admitted.push([id, forkedFrom?.entity]),
    async handler(ctx, wake) {
      const text = await ctx.mkdb(`text/${ctx.id}`, lines);
      for (const { payload } of wake.messages) {
        const word = z.string().parse(payload);
        if (word !== "fork") text.lines.upsert({ key: `${word} of ${ctx.id}` });
        else {
          const fork = await ctx.fork(ctx.url, { id: "other", title: "Another way" });
          expect((await ctx.fork(ctx.url, { id: "other", title: "Another way" })).url).toBe(fork.url);
          fork.send({ payload: "after" });
          text.lines.upsert({ key: `later of ${ctx.id}` });
        }
      }
    },
  });
  const { client, logs } = await startWorld(registry, { over: "direct call" });
  const args = { secret: "x", kept: "text/one" };
  const { url } = await client.spawn("writer", "one", { args, initialMessage: { payload: "before" } });
  await until(client, "/_skein/shared-state/text/one", (fold) => fold.rows("line").size === 1);
  await client.send(url, { payload: "fork" });
  const fork = await until(client, "/_skein/shared-state/text/other", (fold) => fold.rows("line").size === 2);
  const origin = await until(client, "/_skein/shared-state/text/one", (fold) => fold.rows("line").size === 2);
  const keysOf = (fold: typeof fork): string[] => [...fold.rows("line").entries()].map(({ key }) => key);
  expect(keysOf(fork)).toEqual(["before of one", "after of other"]);
  expect(keysOf(origin)).toEqual(["before of one", "later of one"]);
  expect(await client.getEntity("/writer/other")).toMatchObject({
    args: { kept: "text/other", title: "Another way" },
    forkedFrom: { entity: url, resource: "text/one" },
  });
  expect(admitted).toEqual([
    ["one", undefined],
    ["other", url],
  ]);
  expect(logs).toEqual([]);
});
