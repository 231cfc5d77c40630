/**
 * A counter with durable state: stop this program in the middle and start it again, and nothing is counted twice.
 *
 *     node --import tsx --conditions=@skein/source examples/src/02-counter.ts
 */
import { createRegistry, createRunner, defineEntity } from "@skein/runtime";
import { createClient, createFold } from "@skein/runtime/client";
import { z } from "zod";
import { runIfStarted, type Example } from "./run-example.ts";

const add = z.object({ n: z.number().int() });
/** `last`: the message that it goes up to, so that whoever sent it can tell. */
export const total = z.object({ key: z.literal("total"), n: z.number(), last: z.string().optional() });
export const totals = { type: "total", primaryKey: "key", schema: total };

export const counterEntity = defineEntity({
  description: "Adds up what it is sent.",
  creationSchema: z.object({ start: z.number().default(0) }),
  inboxSchemas: { add },
  state: { totals },
  handler(ctx, wake) {
    // The new total and the acknowledgement of the messages are one commit: both happened, or neither.
    const before = ctx.state.totals.get("total")?.n ?? ctx.args.start;
    const added = wake.messages.map(({ payload }) => add.parse(payload).n);
    const last = wake.messages.at(-1)?.key;
    ctx.state.totals.upsert({ key: "total", n: added.reduce((sum, n) => sum + n, before), ...(last && { last }) });
  },
});

export const counter: Example = async (server, say) => {
  const registry = createRegistry();
  registry.define("counter", counterEntity);
  const runner = createRunner({ ...server, registry, id: "example-02" });
  await runner.start();

  const client = createClient(server);
  const { url, created } = await client.spawn("counter", "example", { args: { start: 40 } });
  say(created ? "It is new." : "It was there already.");
  await client.send(url, { type: "add", payload: { n: 1 } });
  const last = await client.send(url, { type: "add", payload: { n: 1 } });

  const fold = createFold();
  for await (const { events } of client.followStream({ path: `${url}/main` })) {
    fold.apply(events);
    const row = total.safeParse(fold.rows("total").get("total"));
    if (row.data?.last !== last.key) continue;
    say(`It is at ${row.data.n}.`);
    break;
  }
  await runner.stop();
};

await runIfStarted(import.meta.url, counter);
