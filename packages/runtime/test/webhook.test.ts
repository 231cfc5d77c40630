import { createServer, type IncomingMessage } from "node:http";
import { createMemoryServer } from "@skein/server/testing";
import {
  createRegistry,
  createWebhookHandler,
  subscribeWebhook,
  type Registry,
  type WebhookHandler,
  type WebhookHandlerOptions,
} from "@skein/runtime";
import { createClient, systemClock, type Client, type ConnectionOptions } from "@skein/runtime/client";
import { expect, onTestFinished, test } from "vitest";
import { z } from "zod";
import { deferred, rowsOf, until } from "./harness.ts";

const heard = { type: "heard", primaryKey: "key", schema: z.object({ key: z.string(), text: z.string() }) };

function echo(): Registry {
  const registry = createRegistry();
  registry.define("echo", {
    description: "Writes down what it hears.",
    state: { heard },
    handler(ctx, wake) {
      for (const { key, payload } of wake.messages) ctx.state.heard.insert({ key, text: String(payload) });
    },
  });
  return registry;
}

interface Call {
  readonly headers: Headers;
  readonly body: string;
  readonly status: number;
}

interface Hooked {
  readonly client: Client;
  readonly connection: ConnectionOptions;
  readonly handle: WebhookHandler;
  readonly calls: Call[];
  readonly logs: string[];
}

/** A server, and a webhook of a registry behind HTTP on this machine. */
async function hooked(registry: Registry, own: Partial<WebhookHandlerOptions> = {}): Promise<Hooked> {
  const server = createMemoryServer();
  onTestFinished(() => server.close());
  const connection = { fetch: (request: Request) => server.fetch(request), baseUrl: server.url, token: server.token };
  const logs: string[] = [];
  const stop = new AbortController();
  onTestFinished(() => stop.abort());
  const log = (level: string, text: string): void => void logs.push(`${level} ${text}`);
  const handle = createWebhookHandler(registry, { ...connection, log, signal: stop.signal, ...own });
  const calls: Call[] = [];
  const url = await serve(async (request) => {
    const body = await request.clone().text();
    const response = await handle(request);
    calls.push({ headers: request.headers, body, status: response.status });
    return response;
  });
  await subscribeWebhook(registry, { ...connection, url });
  return { client: createClient(connection), connection, handle, calls, logs };
}

async function serve(handle: WebhookHandler): Promise<string> {
  const http = createServer((incoming, answer) => {
    void respond(handle, incoming).then(({ status, text }) => answer.writeHead(status).end(text));
  });
  await new Promise<void>((resolve) => void http.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    http.closeAllConnections();
    http.close();
  });
  const { port } = z.object({ port: z.number() }).parse(http.address());
  return `http://127.0.0.1:${port}/hook`;
}

async function respond(handle: WebhookHandler, incoming: IncomingMessage): Promise<{ status: number; text: string }> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(z.instanceof(Buffer).parse(chunk));
  const headers = Object.entries(incoming.headers).map(([name, value]): [string, string] => [name, String(value)]);
  const init = { method: "POST", headers, body: Buffer.concat(chunks) };
  const response = await handle(new Request("http://hook.test/", init));
  return { status: response.status, text: await response.text() };
}

const texts = (fold: Parameters<typeof rowsOf>[0]): unknown[] =>
  rowsOf(fold, "heard").map((row) => heard.schema.parse(row).text);

test("[RT66] a webhook runs the handler under the claim that the call carries, and acknowledges what it dealt with", async () => {
  const { client, calls, logs } = await hooked(echo());
  const { url } = await client.spawn("echo", "a", { initialMessage: { payload: "one" } });
  await until(client, `${url}/main`, (fold) => texts(fold).length === 1);
  for (const payload of ["two", "three"]) await client.send(url, { payload });
  const fold = await until(client, `${url}/main`, (now) => texts(now).length === 3);
  expect(texts(fold)).toEqual(["one", "two", "three"]);
  await idle(client, url);
  expect(calls.every(({ status }) => status === 200)).toBe(true);
  expect(logs).toEqual([]);
});

async function idle(client: Client, url: string): Promise<void> {
  const signal = AbortSignal.timeout(10_000);
  while ((await client.getEntity(url, { signal })).status !== "idle") await new Promise((turn) => setImmediate(turn));
}

test("[RT67] calls that are not signed, not of now, changed, or were taken before are refused, and change nothing", async () => {
  const { client, connection, handle, calls } = await hooked(echo());
  const { url } = await client.spawn("echo", "a", { initialMessage: { payload: "one" } });
  await until(client, `${url}/main`, (fold) => texts(fold).length === 1);
  await idle(client, url);
  const [call] = calls;
  if (!call) throw new Error("The server has not called.");
  const before = (await client.readStream(`${url}/main`, { last: 1 })).offset;
  const post = (body: string, headers: Headers | Record<string, string> = call.headers) =>
    new Request("http://hook.test/", { method: "POST", body, headers });
  const later = createWebhookHandler(echo(), {
    ...connection,
    log: () => undefined,
    clock: { ...systemClock, now: () => Date.now() + 301_000 },
  });
  const statuses = [
    // Another instance knows nothing of the first one's calls.
    await createWebhookHandler(echo(), { ...connection, log: () => undefined })(post(call.body)),
    await handle(post(call.body)),
    await handle(post(`${call.body} `)),
    await handle(post(call.body, {})),
    await handle(post(call.body, { "webhook-signature": "t=1,kid=x,ed25519=y" })),
    await handle(post(call.body, { "webhook-signature": `${call.headers.get("webhook-signature") ?? ""}AA` })),
    await later(post(call.body)),
    await handle(new Request("http://hook.test/")),
    await handle(post("x".repeat(1024 * 1024 + 1))),
  ].map(({ status }) => status);
  expect(statuses).toEqual([409, 409, 401, 401, 401, 401, 401, 405, 413]);
  expect((await client.readStream(`${url}/main`, { last: 1 })).offset).toBe(before);
});

test("[RT67] a call that comes twice while its handler runs is worked on once", async () => {
  const go = deferred();
  let runs = 0;
  const registry = createRegistry();
  registry.define("echo", {
    description: "Waits.",
    async handler() {
      runs += 1;
      await go.promise;
    },
  });
  const { client, connection, handle, calls } = await hooked(registry, { answerMs: 1 });
  const { url } = await client.spawn("echo", "a");
  const signal = AbortSignal.timeout(10_000);
  while (calls.length === 0) {
    signal.throwIfAborted();
    await new Promise((turn) => setImmediate(turn));
  }
  const [call] = calls;
  const again = () =>
    new Request("http://hook.test/", { method: "POST", body: call?.body ?? "", headers: call?.headers ?? {} });
  const other = createWebhookHandler(registry, { ...connection, log: () => undefined });
  expect([(await handle(again())).status, (await other(again())).status]).toEqual([409, 409]);
  go.resolve();
  await idle(client, url);
  expect(runs).toBe(1);
});

test("[RT68] an answer that would come late comes early, and the work goes on", async () => {
  const go = deferred();
  const kept: Promise<void>[] = [];
  const registry = createRegistry();
  registry.define("slow", {
    description: "Takes its time.",
    state: { heard },
    async handler(ctx) {
      await go.promise;
      ctx.state.heard.insert({ key: "1", text: "done" });
    },
  });
  const { client, calls } = await hooked(registry, { answerMs: 1, waitUntil: (work) => kept.push(work) });
  const { url } = await client.spawn("slow", "a");
  const signal = AbortSignal.timeout(10_000);
  while (calls.length === 0) {
    signal.throwIfAborted();
    await new Promise((turn) => setImmediate(turn));
  }
  expect(calls[0]?.status).toBe(200);
  expect((await client.getEntity(url)).status).toBe("running");
  go.resolve();
  await Promise.all(kept);
  await until(client, `${url}/main`, (fold) => texts(fold).length === 1);
});

test("[RT68] a type that wants to be asked before it is made cannot be served by a webhook", async () => {
  const registry = createRegistry();
  registry.define("picky", { description: "Asks.", admit: () => undefined, handler: () => undefined });
  await expect(hooked(registry)).rejects.toMatchObject({ code: "invalid_request" });
});
