import { once } from "node:events";
import { get, type IncomingMessage, type OutgoingHttpHeaders } from "node:http";
import { brotliDecompressSync, gunzipSync } from "node:zlib";
import { createMemoryStore } from "@skein/store/memory";
import { expect, onTestFinished, test } from "vitest";
import { createStreamsHandler } from "../handler.ts";
import type { CompressPolicy } from "./compress.ts";
import { serveNode } from "./serve.ts";

const JSON_TYPE = { "content-type": "application/json" };

async function serveStream(compress: CompressPolicy | undefined, messages: number) {
  const store = createMemoryStore({ collections: {} });
  const handler = createStreamsHandler({ store, chunkBytes: 8 * 1024, longPollMs: 50 });
  const server = await serveNode({ handler: (request) => handler(request), ...(compress && { compress }) });
  onTestFinished(() => server.close(0));
  await fetch(`${server.url}/s`, { method: "PUT", headers: JSON_TYPE });
  const rows = Array.from({ length: messages }, (_, n) => ({ n, text: "the quick brown fox ".repeat(5) }));
  await fetch(`${server.url}/s`, { method: "POST", headers: JSON_TYPE, body: JSON.stringify(rows) });
  return { url: server.url, text: JSON.stringify(rows), rows };
}

/** Without the decoding that `fetch` does. */
async function raw(url: string, headers: OutgoingHttpHeaders) {
  const [response] = (await once(get(url, { headers }), "response")) as [IncomingMessage];
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return { status: response.statusCode, headers: response.headers, body: Buffer.concat(chunks) };
}

test("[SH30] a long catch-up is compressed as the client likes it best, whole, with a tag of its own", async () => {
  const { url, text } = await serveStream("always", 2000);
  const path = `${url}/s?offset=-1`;
  const plain = await raw(path, {});
  expect(plain.headers["content-encoding"]).toBeUndefined();
  expect(plain.body.toString()).toBe(text);
  const gzip = await raw(path, { "accept-encoding": "gzip, deflate" });
  expect(gzip.headers["content-encoding"]).toBe("gzip");
  expect(gunzipSync(gzip.body).toString()).toBe(text);
  const brotli = await raw(path, { "accept-encoding": "gzip;q=0.8, br" });
  expect(brotli.headers["content-encoding"]).toBe("br");
  expect(brotliDecompressSync(brotli.body).toString()).toBe(text);
  expect((await raw(path, { "accept-encoding": "br;q=0, gzip" })).headers["content-encoding"]).toBe("gzip");
  expect((await raw(path, { "accept-encoding": "br;q=0, gzip;q=0" })).headers["content-encoding"]).toBeUndefined();
  for (const { headers } of [plain, gzip, brotli]) expect(headers.vary).toBe("accept-encoding");
  expect(gzip.headers.etag).toBe(`W/${plain.headers.etag}`);
  expect(gzip.headers["stream-next-offset"]).toBe(plain.headers["stream-next-offset"]);
  for (const etag of [plain.headers.etag, gzip.headers.etag]) {
    const again = await raw(path, { "accept-encoding": "gzip", "if-none-match": etag });
    expect([again.status, again.headers.vary]).toEqual([304, "accept-encoding"]);
  }
});

test("[SH30] short answers, live reads and other content are sent as they are", async () => {
  const { url } = await serveStream("always", 200);
  const accept = { "accept-encoding": "gzip, br" };
  await fetch(`${url}/short`, { method: "PUT", headers: JSON_TYPE, body: "[1,2,3]" });
  await fetch(`${url}/bytes`, {
    method: "PUT",
    headers: { "content-type": "application/octet-stream" },
    body: new Uint8Array(100_000),
  });
  for (const path of ["/short?offset=-1", "/bytes?offset=-1", "/s?offset=-1&live=long-poll"]) {
    const { status, headers } = await raw(url + path, accept);
    expect([path, status, headers["content-encoding"]]).toEqual([path, 200, undefined]);
  }
  const [live] = (await once(get(`${url}/s?offset=-1&live=sse`, { headers: accept }), "response")) as [IncomingMessage];
  expect([live.headers["content-encoding"], live.headers.vary]).toEqual([undefined, undefined]);
  live.destroy();
});

test("[SH30] on this machine nothing is compressed, unless a proxy passes on what comes from elsewhere", async () => {
  const { url } = await serveStream(undefined, 200);
  const accept = { "accept-encoding": "gzip" };
  const here = await raw(`${url}/s?offset=-1`, accept);
  expect([here.headers["content-encoding"], here.headers.vary]).toEqual([undefined, "accept-encoding"]);
  const forwarded = await raw(`${url}/s?offset=-1`, { ...accept, "x-forwarded-for": "192.0.2.1" });
  expect(forwarded.headers["content-encoding"]).toBe("gzip");
});

test("[SH30] a client that goes in the middle of a compressed answer ends it", async () => {
  let cancelled: () => void = () => undefined;
  const ended = new Promise<void>((resolve) => {
    cancelled = resolve;
  });
  const piece = new TextEncoder().encode("x".repeat(64 * 1024));
  const endless = () =>
    new ReadableStream<Uint8Array>({ pull: (controller) => controller.enqueue(piece), cancel: () => cancelled() });
  const server = await serveNode({
    compress: "always",
    handler: async () => new Response(endless(), { headers: JSON_TYPE }),
  });
  onTestFinished(() => server.close(0));
  const outgoing = get(server.url, { headers: { "accept-encoding": "gzip" } });
  const [response] = (await once(outgoing, "response")) as [IncomingMessage];
  response.once("error", () => undefined);
  await once(response, "data");
  outgoing.destroy();
  await ended;
});

test("[SH31] however fast a long answer is taken, others have their turn between its pieces", async () => {
  let turns = 0;
  const tick = () => {
    turns += 1;
    immediate = setImmediate(tick);
  };
  let immediate = setImmediate(tick);
  onTestFinished(() => clearImmediate(immediate));
  const seen: number[] = [];
  const server = await serveNode({
    handler: async () =>
      new Response(
        new ReadableStream<Uint8Array>(
          {
            pull(controller) {
              seen.push(turns);
              if (seen.length > 8) controller.close();
              else controller.enqueue(new Uint8Array(64 * 1024));
            },
          },
          { highWaterMark: 0 },
        ),
      ),
  });
  onTestFinished(() => server.close(0));
  expect((await raw(server.url, {})).body.length).toBe(8 * 64 * 1024);
  expect(new Set(seen).size).toBe(seen.length);
});
