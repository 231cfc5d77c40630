/**
 * An entity that has a coding agent do a part of its work: it opens a coding session, prompts it, and is woken when the
 * turn has ended. The session is a resource of its own: people can watch it in the web app and carry on in it, and it
 * stays when the reviewer is gone. Needs a server with a coder and a signed-in agent (`npm start`).
 *
 *     node --import tsx --conditions=@skein/source examples/src/09-coder-as-a-tool.ts
 */
import { useCodingAgent } from "@skein/coder";
import { createRegistry, createRunner } from "@skein/runtime";
import { createClient } from "@skein/runtime/client";
import { z } from "zod";
import { rowsOf, runIfStarted, type Example } from "./run-example.ts";

const review = z.object({ key: z.string(), text: z.string() });

/** `directory`: where the agent works. */
export const coderAsATool =
  (directory: string): Example =>
  async (server, say) => {
    const registry = createRegistry();
    registry.define("reviewer", {
      description: "Has an agent review what it is asked about.",
      state: { reviews: { type: "review", primaryKey: "key", schema: review } },
      async handler(ctx, wake) {
        const session = await useCodingAgent(ctx, `review-${ctx.id}`, { agent: "claude", cwd: directory });
        for (const { payload } of wake.messages) session.send(`Review this: ${String(payload)}`);
        for (const { key, source, run } of wake.finished) {
          if (source === session.entityUrl) ctx.state.reviews.insert({ key, text: run.response ?? run.status });
        }
      },
    });
    const runner = createRunner({ ...server, registry, id: "example-09" });
    await runner.start();

    const client = createClient(server);
    const { url } = await client.spawn("reviewer", `${Date.now()}`, { initialMessage: { payload: "the last commit" } });
    const [first] = await rowsOf(client, `${url}/main`, { type: "review", row: review, count: 1 });
    say(`The review: ${first?.text}`);
    await runner.stop();
  };

await runIfStarted(import.meta.url, coderAsATool(process.cwd()));
