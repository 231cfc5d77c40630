/**
 * An entity that gathers what it is told and publishes a digest on a schedule. The schedule is in the server: the
 * program may be stopped, and ticks that it missed come as one wake. Here every second; `0 9 * * 1-5` would be each
 * working day at nine.
 *
 *     node --import tsx --conditions=@skein/source examples/src/07-cron-digest.ts
 */
import { createRegistry, createRunner, cron } from "@skein/runtime";
import { createClient } from "@skein/runtime/client";
import { z } from "zod";
import { rowsOf, runIfStarted, type Example } from "./run-example.ts";

const item = z.object({ key: z.string(), text: z.string() });
const digest = z.object({ key: z.string(), items: z.array(z.string()) });

export const cronDigest: Example = async (server, say) => {
  const registry = createRegistry();
  registry.define("digest", {
    description: "Gathers news, and publishes them on a schedule.",
    creationSchema: z.object({ schedule: z.string(), timezone: z.string() }),
    state: {
      waiting: { type: "waiting", primaryKey: "key", schema: item },
      digests: { type: "digest", primaryKey: "key", schema: digest },
    },
    async handler(ctx, wake) {
      const { waiting, digests } = ctx.state;
      await ctx.observe(cron(ctx.args.schedule, { timezone: ctx.args.timezone }));
      for (const { key, payload } of wake.messages) waiting.insert({ key, text: String(payload) });
      const items = [...waiting];
      const tick = wake.ticks.at(-1);
      if (tick === undefined || items.length === 0) return;
      digests.insert({ key: new Date(tick.at).toISOString(), items: items.map(({ text }) => text) });
      for (const { key } of items) waiting.delete(key);
    },
  });
  const runner = createRunner({ ...server, registry, id: "example-07" });
  await runner.start();

  const client = createClient(server);
  const args = { schedule: "* * * * * *", timezone: "Europe/Berlin" };
  const { url } = await client.spawn("digest", `digest-${Date.now()}`, {
    args,
    initialMessage: { payload: "It began." },
  });
  const [first] = await rowsOf(client, `${url}/main`, { type: "digest", row: digest, count: 1 });
  say(`The first digest: ${first?.items.join(" ")}`);
  // A schedule goes on until it is stopped, or its entity ends.
  await client.kill(url);
  await runner.stop();
};

await runIfStarted(import.meta.url, cronDigest);
