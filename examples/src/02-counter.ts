/**
 * A counter with durable state: stop this program in the middle and start it again, and nothing is counted twice.
 * Start a server (`npm start`), then:
 *
 *     node --import tsx --conditions=@skein/source examples/src/02-counter.ts
 */
import { createRegistry, createRunner, defineEntity } from "@skein/runtime";
import { createClient, createFold } from "@skein/runtime/client";
import { z } from "zod";
import { localServer } from "./connection.ts";

const add = z.object({ n: z.number().int() });
const total = z.object({ key: z.literal("total"), n: z.number() });

const counter = defineEntity({
  description: "Adds up what it is sent.",
  creationSchema: z.object({ start: z.number().default(0) }),
  inboxSchemas: { add },
  state: { totals: { type: "total", primaryKey: "key", schema: total } },
  handler(ctx, wake) {
    // The new total and the acknowledgement of the messages are one commit: both happened, or neither.
    const before = ctx.state.totals.get("total")?.n ?? ctx.args.start;
    const added = wake.messages.map(({ payload }) => add.parse(payload).n);
    ctx.state.totals.upsert({ key: "total", n: added.reduce((sum, n) => sum + n, before) });
  },
});

const server = await localServer();
const registry = createRegistry();
registry.define("counter", counter);
const runner = createRunner({ ...server, registry, id: "example-02" });
await runner.start();

const client = createClient(server);
const { url, created } = await client.spawn("counter", "example", { args: { start: 40 } });
console.log(created ? `${url} is new` : `${url} was there already`);
await client.send(url, { type: "add", payload: { n: 1 } });
const last = await client.send(url, { type: "add", payload: { n: 1 } });

const fold = createFold();
for await (const { events, offset } of client.followStream({ path: `${url}/main` })) {
  fold.apply(events);
  const row = total.safeParse(fold.rows("total").get("total"));
  if (events.some((event) => "type" in event && event.type === "total") && offset > last.offset && row.success) {
    console.log(`${url} is at ${row.data.n}`);
    break;
  }
}
await runner.stop();
