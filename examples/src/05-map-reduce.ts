/**
 * Many children at once, and one result. The parent is woken for whatever has finished, keeps what it has in its own
 * state, and adds up when the last one is there: a crash at any point costs nothing but time.
 *
 *     node --import tsx --conditions=@skein/source examples/src/05-map-reduce.ts
 */
import { createRegistry, createRunner } from "@skein/runtime";
import { createClient } from "@skein/runtime/client";
import { z } from "zod";
import { rowsOf, runIfStarted, type Example } from "./run-example.ts";

const TEXTS = ["the log is the truth", "the rest is a fold", "of the log"];
const part = z.object({ key: z.string(), words: z.number().optional() });
const result = z.object({ key: z.string(), words: z.number() });

export const mapReduce: Example = async (server, say) => {
  const registry = createRegistry();
  registry.define("mapper", {
    description: "Counts the words of its text.",
    creationSchema: z.object({ text: z.string() }),
    handler(ctx) {
      if (!ctx.firstWake) return;
      const run = ctx.recordRun();
      run.attachResponse(String(ctx.args.text.split(/\s+/).length));
      run.end({ status: "completed" });
    },
  });
  registry.define("reducer", {
    description: "Has texts counted side by side, and adds up.",
    creationSchema: z.object({ texts: z.array(z.string()) }),
    state: {
      parts: { type: "part", primaryKey: "key", schema: part },
      results: { type: "result", primaryKey: "key", schema: result },
    },
    async handler(ctx, wake) {
      const { parts, results } = ctx.state;
      for (const [n, text] of ctx.firstWake ? ctx.args.texts.entries() : []) {
        const child = await ctx.spawn("mapper", `${ctx.id}-${n}`, { args: { text }, wake: true });
        parts.upsert({ key: child.url });
      }
      for (const { source, run } of wake.finished) parts.upsert({ key: source, words: Number(run.response) });
      const counts = [...parts].flatMap(({ words }) => (words === undefined ? [] : [words]));
      if (counts.length < ctx.args.texts.length) return;
      results.upsert({ key: "all", words: counts.reduce((sum, words) => sum + words, 0) });
    },
  });
  const runner = createRunner({ ...server, registry, id: "example-05" });
  await runner.start();

  const client = createClient(server);
  const { url } = await client.spawn("reducer", `reducer-${Date.now()}`, { args: { texts: TEXTS } });
  const [all] = await rowsOf(client, `${url}/main`, { type: "result", row: result, count: 1 });
  say(`${TEXTS.length} texts have ${all?.words} words.`);
  await runner.stop();
};

await runIfStarted(import.meta.url, mapReduce);
