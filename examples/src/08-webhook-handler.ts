/**
 * Handlers without a process that waits for work: the server calls a webhook when an entity has something to do. The
 * handler is a function from a `Request` to a `Response`, so it runs wherever those are served; here it is behind
 * Node's own server. Calls that are not signed by the server are refused.
 *
 *     node --import tsx --conditions=@skein/source examples/src/08-webhook-handler.ts
 */
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server } from "node:http";
import { text } from "node:stream/consumers";
import { createRegistry, createWebhookHandler, subscribeWebhook, type WebhookHandler } from "@skein/runtime";
import { createClient } from "@skein/runtime/client";
import { z } from "zod";
import { rowsOf, runIfStarted, type Example } from "./run-example.ts";

const reply = z.object({ key: z.string(), text: z.string() });

export const webhookHandler: Example = async (server, say) => {
  const registry = createRegistry();
  registry.define("parrot", {
    description: "Repeats what it hears.",
    state: { replies: { type: "reply", primaryKey: "key", schema: reply } },
    handler(ctx, wake) {
      for (const { key, payload } of wake.messages) ctx.state.replies.insert({ key, text: String(payload) });
    },
  });
  const handle = createWebhookHandler(registry, { ...server, log: () => undefined });
  const { http, url: hook } = await serve(handle);
  // Once for each deployment. In production the URL is https.
  await subscribeWebhook(registry, { ...server, url: hook });

  const client = createClient(server);
  const { url } = await client.spawn("parrot", `parrot-${Date.now()}`, {
    initialMessage: { payload: "Who is there?" },
  });
  const [first] = await rowsOf(client, `${url}/main`, { type: "reply", row: reply, count: 1 });
  say(`The parrot says: ${first?.text}`);

  const forged = await handle(new Request(hook, { method: "POST", body: "{}" }));
  say(`A call that is not signed is answered with ${forged.status}.`);
  http.closeAllConnections();
  http.close();
};

async function serve(handle: WebhookHandler): Promise<{ http: Server; url: string }> {
  const http = createServer((incoming, answer) => {
    const respond = async (): Promise<void> => {
      const response = await handle(await requestOf(incoming));
      answer.writeHead(response.status).end(await response.text());
    };
    respond().catch((error: unknown) => answer.destroy(error instanceof Error ? error : undefined));
  });
  http.listen(0, "127.0.0.1");
  await once(http, "listening");
  const { port } = z.object({ port: z.number() }).parse(http.address());
  return { http, url: `http://127.0.0.1:${port}/skein` };
}

async function requestOf(incoming: IncomingMessage): Promise<Request> {
  const headers = Object.entries(incoming.headers).map(([name, value]): [string, string] => [name, String(value)]);
  const body = await text(incoming);
  return new Request("http://webhook.local/skein", { method: "POST", headers, body });
}

await runIfStarted(import.meta.url, webhookHandler);
