/**
 * One entity makes another and gets its answer. It does not wait inside its handler: it ends, and is woken when the
 * child's run has finished. Both may run on different machines, and either may be restarted in between.
 *
 *     node --import tsx --conditions=@skein/source examples/src/03-spawn-and-wait.ts
 */
import { createRegistry, createRunner } from "@skein/runtime";
import { createClient } from "@skein/runtime/client";
import { z } from "zod";
import { rowsOf, runIfStarted, type Example } from "./run-example.ts";

const answer = z.object({ key: z.string(), text: z.string() });

export const spawnAndWait: Example = async (server, say) => {
  const registry = createRegistry();
  registry.define("worker", {
    description: "Says it louder.",
    handler(ctx, wake) {
      for (const { payload } of wake.messages) {
        // A run is what others can wait for; its response is what they get.
        const run = ctx.recordRun();
        run.attachResponse(String(payload).toUpperCase());
        run.end({ status: "completed" });
      }
    },
  });
  registry.define("asker", {
    description: "Has a worker say it louder.",
    state: { answers: { type: "answer", primaryKey: "key", schema: answer } },
    async handler(ctx, wake) {
      for (const { key, payload } of wake.messages) {
        // The same id is the same child: if this handler is run again, nothing is made twice.
        await ctx.spawn("worker", `${ctx.id}-${key}`, { initialMessage: { payload }, wake: true });
      }
      for (const { key, run } of wake.finished) {
        ctx.state.answers.insert({ key, text: run.response ?? `${run.status}: ${run.error}` });
      }
    },
  });
  const runner = createRunner({ ...server, registry, id: "example-03" });
  await runner.start();

  const client = createClient(server);
  const { url } = await client.spawn("asker", `asker-${Date.now()}`, { initialMessage: { payload: "hello" } });
  const [first] = await rowsOf(client, `${url}/main`, { type: "answer", row: answer, count: 1 });
  say(`The worker answered: ${first?.text}`);
  await runner.stop();
};

await runIfStarted(import.meta.url, spawnAndWait);
