import { once } from "node:events";
import { createServer, request as httpRequest } from "node:http";
import { connect, type Socket } from "node:net";
import { Duplex } from "node:stream";
import { SkeinError } from "@skein/protocol";
import { createMemoryStore } from "@skein/store/memory";
import { afterEach, expect, test } from "vitest";
import { createStreamsHandler } from "../handler.ts";
import { isUpToDate, JSON_TYPE, sseEvents, until } from "../testing/drive.ts";
import { toNodeListener } from "./listener.ts";
import { serveNode, type NodeServer, type ServeOptions } from "./serve.ts";

const cleanUp: (() => unknown)[] = [];
afterEach(async () => {
  for (const undo of cleanUp.splice(0).toReversed()) await undo();
});

async function serve(options: ServeOptions): Promise<NodeServer> {
  const server = await serveNode(options);
  cleanUp.push(() => server.close(0));
  return server;
}

async function serveStreams(options: Partial<ServeOptions> = {}) {
  const store = createMemoryStore({ collections: {} });
  const errors: unknown[] = [];
  const onError = (error: unknown) => errors.push(error);
  const handler = createStreamsHandler({ store, onError });
  const server = await serve({ handler: (request) => handler(request), onError, ...options });
  return { store, server, errors };
}

async function rawRequest(server: NodeServer, lines: readonly string[]): Promise<Socket> {
  const socket = connect(server.port, server.host);
  cleanUp.push(() => socket.destroy());
  await once(socket, "connect");
  socket.write(`${lines.join("\r\n")}\r\n\r\n`);
  return socket;
}

async function statusLine(socket: Socket): Promise<string> {
  const [chunk] = (await once(socket, "data")) as [Buffer];
  return chunk.toString().split("\r\n", 1)[0] ?? "";
}

test("[SH7] a body whose declared length is over the limit is answered before it is sent", async () => {
  const { server, store } = await serveStreams({ maxBodyBytes: 1000 });
  await store.commit([{ kind: "create-stream", path: "/s", contentType: "text/plain", ifExists: "fail" }]);
  const lines = ["POST /s HTTP/1.1", "host: x", "content-type: text/plain", "content-length: 300000000"];
  const socket = await rawRequest(server, lines);
  expect(await statusLine(socket)).toBe("HTTP/1.1 413 Payload Too Large");
  await once(socket, "close");
});

test("[SH7] a body that grows over the limit is cut off there, whatever the handler does with it", async () => {
  const server = await serve({
    maxBodyBytes: 64 * 1024,
    handler: async (request) => new Response(await request.text()),
  });
  let sent = 0;
  const response = await new Promise<number>((resolve, reject) => {
    const outgoing = httpRequest(`${server.url}/`, { method: "POST" }, ({ statusCode }) => resolve(statusCode ?? 0));
    outgoing.once("error", reject);
    const chunk = Buffer.alloc(16 * 1024);
    const write = () => {
      if (outgoing.destroyed || sent > 64 * 1024 * 1024) return;
      sent += chunk.length;
      outgoing.write(chunk, () => setImmediate(write));
    };
    write();
    cleanUp.push(() => outgoing.destroy());
    outgoing.on("error", () => undefined);
  });
  expect(response).toBe(413);
  expect(sent).toBeLessThan(32 * 1024 * 1024);
});

test("[SH27] what a handler throws is its error response, and what is unexpected is a 500 and reported", async () => {
  const failures: unknown[] = [];
  const server = await serve({
    onError: (error) => failures.push(error),
    handler: async (request) => {
      if (request.url.endsWith("/expected")) throw new SkeinError("unauthorized", "Who are you?");
      throw new Error("secret");
    },
  });
  const expected = await fetch(`${server.url}/expected`);
  expect([expected.status, await expected.json()]).toMatchObject([401, { error: { code: "unauthorized" } }]);
  const unexpected = await fetch(`${server.url}/other`);
  expect([unexpected.status, (await unexpected.text()).includes("secret")]).toEqual([500, false]);
  expect(failures).toHaveLength(1);
});

test("[SH27] requests that are none are answered 400", async () => {
  const failures: unknown[] = [];
  const server = await serve({ onError: (error) => failures.push(error), handler: async () => new Response("ok") });
  for (const lines of [
    ["GET / HTTP/1.1", "host: a b"],
    ["TRACE / HTTP/1.1", "host: x"],
    ["GET http:// HTTP/1.1", "host: x"],
  ]) {
    expect(await statusLine(await rawRequest(server, lines)), lines[0]).toBe("HTTP/1.1 400 Bad Request");
  }
  expect(failures).toEqual([]);
});

test("[SH27] requests and responses come through whole: method, path, headers, cookies, bytes", async () => {
  const server = await serve({
    handler: async (request) => {
      const url = new URL(request.url);
      const headers = new Headers({ "x-seen": `${request.method} ${url.pathname}${url.search}` });
      headers.append("set-cookie", "a=1; Path=/");
      headers.append("set-cookie", "b=2; Path=/");
      headers.set("x-two", request.headers.get("x-two") ?? "");
      return new Response(await request.arrayBuffer(), { status: 201, headers });
    },
  });
  const bytes = new Uint8Array(300_000).map((_, index) => index % 251);
  const response = await fetch(`${server.url}/a%20b?c=d&e`, {
    method: "PUT",
    headers: { "x-two": "1, 2" },
    body: bytes,
  });
  expect([response.status, response.headers.get("x-seen")]).toEqual([201, "PUT /a%20b?c=d&e"]);
  expect([response.headers.get("x-two"), response.headers.getSetCookie()]).toEqual([
    "1, 2",
    ["a=1; Path=/", "b=2; Path=/"],
  ]);
  expect(Buffer.compare(Buffer.from(await response.arrayBuffer()), bytes)).toBe(0);
});

test("[SH18] of a body only so much is made as the socket takes", async () => {
  let made = 0;
  const body = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        made++;
        controller.enqueue(new Uint8Array(64 * 1024));
      },
    },
    { highWaterMark: 0 },
  );
  const handler = async () => new Response(body);
  const waiting: (() => void)[] = [];
  // A connection that takes a write only when the test says so.
  const connection = new Duplex({ read() {}, write: (_chunk, _encoding, taken) => void waiting.push(taken) });
  createServer(toNodeListener(handler)).emit("connection", connection);
  connection.push("GET / HTTP/1.1\r\nhost: x\r\n\r\n");
  const settle = async () => {
    for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
    return made;
  };
  expect(await settle()).toBe(1);
  for (const taken of waiting.splice(0)) taken();
  expect(await settle()).toBe(1);
  for (let now = made; now === 1; now = await settle()) {
    for (const taken of waiting.splice(0)) taken();
  }
  expect(await settle()).toBe(2);
  connection.destroy();
});

test("[SH18] a reader that takes nothing for the time is cut off", async () => {
  const cancelled = deferred();
  const server = await serve({
    stallMs: 50,
    handler: async () =>
      new Response(
        new ReadableStream({
          pull: (controller) => controller.enqueue(new Uint8Array(1024 * 1024)),
          cancel: () => cancelled.resolve(),
        }),
      ),
  });
  const socket = await rawRequest(server, ["GET / HTTP/1.1", "host: x"]);
  socket.pause();
  socket.on("error", () => undefined);
  await cancelled.promise;
});

function deferred() {
  let resolve = () => {};
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

test("[SH25] a client that goes aborts its request", async () => {
  const aborted = deferred();
  const arrived = deferred();
  const server = await serve({
    handler: (request) => {
      arrived.resolve();
      return new Promise((resolve) => {
        request.signal.addEventListener("abort", () => {
          aborted.resolve();
          resolve(new Response("late"));
        });
      });
    },
  });
  const socket = await rawRequest(server, ["GET / HTTP/1.1", "host: x"]);
  await arrived.promise;
  socket.destroy();
  await aborted.promise;
});

test("[SH25] closing ends live reads at once, lets other answers out, and frees the port", async () => {
  const { server, store, errors } = await serveStreams();
  await fetch(`${server.url}/s`, { method: "PUT", headers: JSON_TYPE, body: "[1]" });
  const sse = sseEvents(await fetch(`${server.url}/s?offset=-1&live=sse`));
  await until(sse, isUpToDate);
  const poll = fetch(`${server.url}/s?offset=now&live=long-poll`);
  const large = "x".repeat(200_000);
  const appending = fetch(`${server.url}/s`, { method: "POST", headers: JSON_TYPE, body: JSON.stringify(large) });
  await until(sse, isUpToDate);
  const began = performance.now();
  await server.close();
  expect(performance.now() - began).toBeLessThan(900);
  expect((await sse.next()).done).toBe(true);
  expect([200, 204]).toContain((await poll).status);
  expect((await appending).status).toBe(204);
  const again = await serveNode({ handler: async () => new Response("ok"), port: server.port });
  await again.close();
  expect(errors).toEqual([]);
  expect((await store.getStream("/s"))?.head).toBe(2);
});

test("[SH27] a port that is taken is an error to the caller", async () => {
  const { server } = await serveStreams();
  await expect(serveNode({ handler: async () => new Response("ok"), port: server.port })).rejects.toMatchObject({
    code: "EADDRINUSE",
  });
});

test("[SH33] heads and bodies that trickle are cut off, and a live answer is not", async () => {
  const { server } = await serveStreams({ headersTimeoutMs: 500, requestTimeoutMs: 1000 });
  await fetch(`${server.url}/s`, { method: "PUT", headers: { "content-type": "application/json" } });
  const live = await rawRequest(server, ["GET /s?offset=now&live=sse HTTP/1.1", "host: x"]);
  let ended = false;
  live.once("close", () => (ended = true));
  await once(live, "data");
  const head = connect(server.port, server.host);
  cleanUp.push(() => head.destroy());
  head.on("error", () => undefined).resume();
  head.write("GET /s HTTP/1.1\r\nhost:");
  await once(head, "close");
  const lines = ["POST /s HTTP/1.1", "host: x", "content-type: application/json", "content-length: 100"];
  const body = await rawRequest(server, lines);
  body.on("error", () => undefined).resume();
  body.write("[1,");
  await once(body, "close");
  expect(ended).toBe(false);
  await fetch(`${server.url}/s`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ after: "all that" }),
  });
  const [data] = (await once(live, "data")) as [Buffer];
  expect(data.toString()).toContain("all that");
});
