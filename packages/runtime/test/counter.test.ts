import { createRegistry } from "@skein/runtime";
import { expect, test } from "vitest";
import { z } from "zod";
import { rowsOf, startWorld, until } from "./harness.ts";

const total = z.object({ key: z.string(), n: z.number() });

test("counter", async () => {
  const registry = createRegistry();
  registry.define("counter", {
    description: "Adds up.",
    creationSchema: z.object({ start: z.number().default(0) }),
    inboxSchemas: { add: z.object({ n: z.number() }) },
    state: { totals: { type: "total", primaryKey: "key", schema: total } },
    handler(ctx, wake) {
      const before = ctx.state.totals.get("all")?.n ?? ctx.args.start;
      const added = wake.messages.map(({ payload }) => z.object({ n: z.number() }).parse(payload).n);
      ctx.state.totals.upsert({ key: "all", n: added.reduce((sum, n) => sum + n, before) });
    },
  });
  const { client, logs } = await startWorld(registry);
  const { url } = await client.spawn("counter", "visits", { args: { start: 40 } });
  await client.send(url, { type: "add", payload: { n: 1 } });
  await client.send(url, { type: "add", payload: { n: 1 } });
  const fold = await until(
    client,
    `${url}/main`,
    (rows) => (rows.rows("total").get("all") as { n?: number })?.n === 42,
  );
  expect(rowsOf(fold, "total")).toEqual([{ key: "all", n: 42 }]);
  expect(logs).toEqual([]);
});
