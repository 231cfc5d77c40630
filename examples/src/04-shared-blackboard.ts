/**
 * Several entities write to one shared state, which belongs to none of them and outlives them all. What one writes the
 * others see while they run.
 *
 *     node --import tsx --conditions=@skein/source examples/src/04-shared-blackboard.ts
 */
import { createRegistry, createRunner, db } from "@skein/runtime";
import { createClient } from "@skein/runtime/client";
import { z } from "zod";
import { rowsOf, runIfStarted, type Example } from "./run-example.ts";

const note = z.object({ key: z.string(), by: z.string(), text: z.string() });
const board = { notes: { type: "note", primaryKey: "key", schema: note } };

export const sharedBlackboard: Example = async (server, say) => {
  const boardId = `blackboard-${Date.now()}`;
  const registry = createRegistry();
  registry.define("chair", {
    description: "Makes the blackboard and asks the experts.",
    async handler(ctx, wake) {
      const { notes } = (await ctx.mkdb(boardId, board)).collections;
      for (const { key, payload } of wake.messages) {
        notes.insert({ key, by: ctx.id, text: String(payload) });
        for (const expert of ["ada", "grace", "emmy"]) {
          await ctx.spawn("expert", `${expert}-${boardId}`, { initialMessage: { payload: key } });
        }
      }
    },
  });
  registry.define("expert", {
    description: "Adds what it thinks to a question.",
    async handler(ctx, wake) {
      // It waits for a board that is not there yet, and rejects rather than give an empty one.
      const { notes } = (await ctx.observe(db(boardId, board))).collections;
      for (const { payload } of wake.messages) {
        const question = notes.get(String(payload));
        // Keys that differ from writer to writer: two inserts never meet.
        notes.insert({ key: `${String(payload)}:${ctx.id}`, by: ctx.id, text: `About “${question?.text}”: yes.` });
      }
    },
  });
  const runner = createRunner({ ...server, registry, id: "example-04" });
  await runner.start();

  const client = createClient(server);
  await client.spawn("chair", `chair-${boardId}`, { initialMessage: { payload: "Is it done?" } });
  const path = `/_skein/shared-state/${boardId}`;
  const [question, ...answers] = await rowsOf(client, path, { type: "note", row: note, count: 4 });
  say(`The question: ${question?.text}`);
  say(`Answers: ${answers.length}`);
  await runner.stop();
};

await runIfStarted(import.meta.url, sharedBlackboard);
