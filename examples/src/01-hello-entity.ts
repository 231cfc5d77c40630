/**
 * An entity that greets whoever writes to it. Start a server (`npm start`), then:
 *
 *     node --import tsx --conditions=@skein/source examples/src/01-hello-entity.ts
 */
import { createRegistry, createRunner } from "@skein/runtime";
import { createClient, createFold } from "@skein/runtime/client";
import { z } from "zod";
import { localServer } from "./connection.ts";

const registry = createRegistry();
registry.define("hello", {
  description: "Greets.",
  inboxSchemas: { name: z.string() },
  state: {
    greetings: { type: "greeting", primaryKey: "key", schema: z.object({ key: z.string(), text: z.string() }) },
  },
  handler(ctx, wake) {
    // Everything that is new since the last time, in order. The writes are committed when the handler returns.
    for (const { key, payload } of wake.messages) {
      ctx.state.greetings.insert({ key, text: `Hello, ${String(payload)}!` });
    }
  },
});

const server = await localServer();
const runner = createRunner({ ...server, registry, id: "example-01" });
await runner.start();

const client = createClient(server);
const { url } = await client.spawn("hello", `hello-${Date.now()}`);
const { key } = await client.send(url, { type: "name", payload: "world" });

const fold = createFold();
for await (const { events } of client.followStream({ path: `${url}/main` })) {
  fold.apply(events);
  const greeting = z.object({ text: z.string() }).safeParse(fold.rows("greeting").get(key));
  if (greeting.success) {
    console.log(`${url} says: ${greeting.data.text}`);
    break;
  }
}
await runner.stop();
