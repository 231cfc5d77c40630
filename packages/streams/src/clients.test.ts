import { DurableStream, IdempotentProducer, createFetchWithBackoff } from "@durable-streams/client";
import { createStateSchema } from "@durable-streams/state";
import { createStreamDB } from "@durable-streams/state/db";
import { createMemoryStore } from "@skein/store/memory";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { createStreamsHandler } from "./handler.ts";
import { serveNode, type NodeServer } from "./node/serve.ts";

/** The published clients, unchanged, over real HTTP. */
const store = createMemoryStore({ collections: {} });
const failures: unknown[] = [];
let server: NodeServer;
/** Requests that are answered 503 from now on, to see the client try again. */
let refusals = 0;

beforeAll(async () => {
  const handler = createStreamsHandler({
    store,
    chunkBytes: 2000,
    maxResponseBytes: 50_000,
    onError: (error) => failures.push(error),
  });
  server = await serveNode({
    handler: async (request) => (refusals-- > 0 ? new Response(null, { status: 503 }) : handler(request)),
  });
});
afterAll(async () => {
  await server.close();
  await store.close();
  expect(failures).toEqual([]);
});

const url = (name: string) => `${server.url}/clients/${name}`;
const numbers = (to: number) => Array.from({ length: to }, (_, n) => n);

test("[SH28] the published client creates, appends and catches up over several bounded responses", async () => {
  const handle = await DurableStream.create({ url: url("catch-up"), contentType: "application/json" });
  for (const n of numbers(20)) await handle.append(JSON.stringify({ n, padding: "x".repeat(5000) }));
  // With `live: false` this client takes one response for the whole stream, however it ends.
  const one = await handle.stream<{ n: number }>({ live: false });
  expect((await one.json()).map(({ n }) => n)).toEqual(numbers(9));
  const response = await handle.stream<{ n: number }>();
  expect((await response.json()).map(({ n }) => n)).toEqual(numbers(20));
  expect(await handle.head()).toMatchObject({ offset: "0000000000000020_0000000000000000" });
});

test.for(["sse", "long-poll"] as const)(
  "[SH28] the published client follows live by %s, from catch-up to close",
  async (live) => {
    const handle = await DurableStream.create({ url: url(`live-${live}`), contentType: "application/json" });
    for (const n of numbers(5)) await handle.append(JSON.stringify({ n }));
    const response = await handle.stream<{ n: number }>({ live, offset: "-1" });
    const seen: number[] = [];
    const done = new Promise<void>((resolve) => {
      response.subscribeJson(async ({ items }) => {
        const before = seen.length;
        seen.push(...items.map(({ n }) => n));
        if (before < 5 && seen.length >= 5) for (const n of [5, 6, 7]) await handle.append(JSON.stringify({ n }));
        if (seen.length >= 8) resolve();
      });
    });
    await done;
    expect(seen).toEqual(numbers(8));
    await handle.close();
    await response.closed;
  },
);

test("[SH28] bytes come back by SSE as they were appended", async () => {
  const handle = await DurableStream.create({ url: url("bytes"), contentType: "application/octet-stream" });
  const bytes = new Uint8Array(5000).map((_, index) => (index * 7) % 256);
  await handle.append(bytes);
  await handle.append(bytes);
  await handle.close();
  const response = await handle.stream({ live: "sse", offset: "-1" });
  const parts: Uint8Array[] = [];
  for await (const chunk of response.bodyStream()) parts.push(chunk);
  expect(Buffer.compare(Buffer.concat(parts), Buffer.concat([bytes, bytes]))).toBe(0);
});

test("[SH28] the published idempotent producer appends exactly once, through failures and a new epoch", async () => {
  const handle = await DurableStream.create({ url: url("producer"), contentType: "application/json" });
  const errors: unknown[] = [];
  const options = { lingerMs: 1, maxBatchBytes: 200, onError: (error: Error) => errors.push(error) };
  const produce = async (from: number, to: number, extra: object) => {
    const producer = new IdempotentProducer(handle, "p", {
      ...options,
      fetch: createFetchWithBackoff(fetch, { initialDelay: 1, maxDelay: 5, multiplier: 1 }),
      ...extra,
    });
    for (const n of numbers(to).slice(from)) producer.append(JSON.stringify({ n }));
    refusals = 3;
    await producer.flush();
    await producer.detach();
  };
  await produce(0, 200, { maxInFlight: 1 });
  await produce(200, 300, { maxInFlight: 1, epoch: 1 });
  expect(errors).toEqual([]);
  const response = await handle.stream<{ n: number }>({ live: false });
  expect((await response.json()).map(({ n }) => n)).toEqual(numbers(300));
});

test("[SH29] StreamDB folds inserts, updates and deletes of our streams, before and after it is there", async () => {
  const schema = createStateSchema({
    users: { schema: z.object({ id: z.string(), name: z.string() }), type: "user", primaryKey: "id" },
  });
  const handle = await DurableStream.create({ url: url("state"), contentType: "application/json" });
  const append = (event: object) => handle.append(JSON.stringify(event));
  await append(schema.users.insert({ value: { id: "1", name: "Ada" } }));
  await append(schema.users.insert({ value: { id: "2", name: "Bob" } }));
  await append(schema.users.update({ value: { id: "1", name: "Ada Lovelace" } }));
  const db = createStreamDB({
    streamOptions: { url: url("state"), contentType: "application/json" },
    live: "sse",
    state: schema,
  });
  await db.preload();
  const rows = () => db.collections.users.toArray.map(({ id, name }) => `${id} ${name}`).sort();
  expect(rows()).toEqual(["1 Ada Lovelace", "2 Bob"]);
  const changed = new Promise<void>((resolve) => {
    db.collections.users.subscribeChanges(() => {
      if (db.collections.users.has("3") && !db.collections.users.has("2")) resolve();
    });
  });
  await append(schema.users.delete({ key: "2" }));
  await append(schema.users.insert({ value: { id: "3", name: "Eve" } }));
  await changed;
  expect(rows()).toEqual(["1 Ada Lovelace", "3 Eve"]);
  db.close();
});
