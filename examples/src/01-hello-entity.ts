/**
 * An entity that greets whoever writes to it. Start a server (`npm start`), then:
 *
 *     node --import tsx --conditions=@skein/source examples/src/01-hello-entity.ts
 */
import { createRegistry, createRunner } from "@skein/runtime";
import { createClient } from "@skein/runtime/client";
import { z } from "zod";
import { rowsOf, runIfStarted, type Example } from "./run-example.ts";

const greeting = z.object({ key: z.string(), text: z.string() });

export const helloEntity: Example = async (server, say) => {
  const registry = createRegistry();
  registry.define("hello", {
    description: "Greets.",
    inboxSchemas: { name: z.string() },
    state: { greetings: { type: "greeting", primaryKey: "key", schema: greeting } },
    handler(ctx, wake) {
      // Everything that is new since the last time, in order. The writes are committed when the handler returns.
      for (const { key, payload } of wake.messages) {
        ctx.state.greetings.insert({ key, text: `Hello, ${String(payload)}!` });
      }
    },
  });
  const runner = createRunner({ ...server, registry, id: "example-01" });
  await runner.start();

  const client = createClient(server);
  const { url } = await client.spawn("hello", `hello-${Date.now()}`);
  await client.send(url, { type: "name", payload: "world" });
  const [first] = await rowsOf(client, `${url}/main`, { type: "greeting", row: greeting, count: 1 });
  say(`It says: ${first?.text}`);
  await runner.stop();
};

await runIfStarted(import.meta.url, helloEntity);
