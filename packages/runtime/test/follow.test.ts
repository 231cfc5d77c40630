import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createEmbeddedServer, type EmbeddedServer } from "@skein/server/presets";
import { createMemoryServer } from "@skein/server/testing";
import type { ChangeEvent } from "@skein/protocol";
import { formatOffset } from "@skein/protocol";
import {
  createClient,
  createFold,
  isChangeEvent,
  systemClock,
  type Clock,
  type Fetch,
  type ConnectionState,
  type StreamEvent,
} from "@skein/runtime/client";
import { expect, onTestFinished, test } from "vitest";

const PATH = "/_skein/shared-state/log";
const event = (key: string | number): ChangeEvent => ({
  type: "row",
  key: String(key),
  value: { key: String(key) },
  headers: { operation: "insert" },
});
const keysOf = (events: readonly StreamEvent[]): string[] =>
  events.map((entry) => (isChangeEvent(entry) ? entry.key : "?"));

interface Writer {
  readonly transport: ReturnType<typeof createClient>["transport"];
}
const create = ({ transport }: Writer, path = PATH): Promise<unknown> => transport.request("PUT", path, { body: [] });
const append = ({ transport }: Writer, events: readonly ChangeEvent[], path = PATH): Promise<unknown> =>
  transport.request("POST", path, { body: events });

/** Back-offs in a hundredth of their time. */
const hurried: Clock = { ...systemClock, after: (ms, call) => systemClock.after(ms / 100, call) };

function setUp(between?: (request: Request, fetch: (request: Request) => Promise<Response>) => Promise<Response>) {
  const server = createMemoryServer();
  onTestFinished(() => server.close());
  const { url: baseUrl, token } = server;
  const fetch: Fetch = (request) => server.fetch(request);
  const client = createClient({ fetch, baseUrl, token });
  const watched = between
    ? createClient({ fetch: (request) => between(request, fetch), baseUrl, token, clock: hurried })
    : client;
  return { server, client, watched };
}

for (const live of ["sse", "long-poll"] as const) {
  test(`[RT40] a follower by ${live} gives everything from its offset on, once and in order, and then what comes`, async () => {
    const { client } = setUp();
    await create(client);
    await append(client, [event(0), event(1), event(2)]);
    const abort = new AbortController();
    const keys: string[] = [];
    let offset = "";
    let upToDate = false;
    for await (const batch of client.followStream({ path: PATH, from: formatOffset(1), signal: abort.signal, live })) {
      keys.push(...keysOf(batch.events));
      ({ offset } = batch);
      upToDate ||= batch.upToDate;
      if (keys.length === 2) void append(client, [event(3), event(4)]);
      if (keys.length === 4) void append(client, [event(5)]);
      if (keys.length === 5) abort.abort();
    }
    expect(keys).toEqual(["1", "2", "3", "4", "5"]);
    expect(offset).toBe(formatOffset(6));
    expect(upToDate).toBe(true);
  });
}

test("[RT41] the end of a stream is read first, and pages backwards from there without gap or overlap", async () => {
  const { client } = setUp();
  await create(client);
  await append(
    client,
    Array.from({ length: 95 }, (_, index) => event(index)),
  );
  const fold = createFold({ partial: true });
  let before = "";
  for await (const batch of client.followStream({ path: PATH, last: 10 })) {
    fold.apply(batch.events, 85);
    before = batch.start;
    break;
  }
  expect(before).toBe(formatOffset(85));
  while (fold.start > 0) {
    const page = await client.readStream(PATH, { before, limit: 30 });
    fold.prepend(page.events);
    before = page.start;
  }
  expect([...fold.rows("row").entries()].map(({ key }) => key)).toEqual(
    Array.from({ length: 95 }, (_, index) => String(index)),
  );
});

test("[RT42] connections that break anywhere are made again: nothing is lost, nothing comes twice, and it says so", async () => {
  let cuts = 0;
  const { client, watched } = setUp(async (request, fetch) => {
    if (request.method !== "GET" || cuts >= 12) return fetch(request);
    cuts += 1;
    if (cuts % 3 === 0) throw new TypeError("no network");
    const response = await fetch(request);
    // Cut after some bytes, as a proxy would.
    return new Response(response.body?.pipeThrough(cutAfter(cuts * 90)) ?? null, response);
  });
  await create(client);
  const states: ConnectionState["kind"][] = [];
  const keys: string[] = [];
  const signal = AbortSignal.timeout(20_000);
  const total = 40;
  const follower = watched.followStream({ path: PATH, signal, onState: ({ kind }) => states.push(kind) });
  const writing = (async () => {
    for (let index = 0; index < total; index += 2) await append(client, [event(index), event(index + 1)]);
  })();
  for await (const { events } of follower) {
    keys.push(...keysOf(events));
    if (keys.length >= total) break;
  }
  await writing;
  expect(keys).toEqual(Array.from({ length: total }, (_, index) => String(index)));
  expect(states).toContain("offline");
  expect(states.at(-1)).toBe("ended");
});

test("[RT44] an abort ends a follower at once, whatever it waits for, and leaves no request open", async () => {
  const open = new Set<AbortSignal>();
  const { client, watched } = setUp(async (request, fetch) => {
    open.add(request.signal);
    request.signal.addEventListener("abort", () => open.delete(request.signal));
    const response = await fetch(request);
    if (!request.url.includes("live=")) open.delete(request.signal);
    return response;
  });
  await create(client);
  const abort = new AbortController();
  const follower = watched.followStream({ path: PATH, signal: abort.signal });
  const iterator = follower[Symbol.asyncIterator]();
  expect(await iterator.next()).toMatchObject({ done: false, value: { events: [], upToDate: true } });
  const waiting = iterator.next();
  await expect.poll(() => follower.state.kind).toBe("live");
  expect(open.size).toBe(1);
  abort.abort();
  expect(await waiting).toMatchObject({ done: true });
  expect(open.size).toBe(0);
  expect(follower.state).toEqual({ kind: "ended" });
});

test("[RT45] what trying again cannot mend is thrown: no such stream, gone, no access", async () => {
  const { client, server } = setUp();
  const first = async (path: string, from: Record<string, string> = {}, token = server.token): Promise<unknown> => {
    const other = createClient({ fetch: (request) => server.fetch(request), baseUrl: server.url, token });
    for await (const batch of other.followStream({ path, ...from })) return batch;
    return undefined;
  };
  await create(client);
  await expect(first("/_skein/shared-state/nothing")).rejects.toMatchObject({ code: "not_found" });
  await expect(first(PATH, { from: formatOffset(99) })).rejects.toMatchObject({ code: "stream_gone" });
  await expect(first(PATH, {}, "wrong")).rejects.toMatchObject({ code: "unauthorized" });
});

test("[RT46] a stream that is not there yet is waited for as long as is asked", async () => {
  const { client } = setUp();
  const late = "/_skein/shared-state/late";
  const reading = (async () => {
    for await (const { events } of client.followStream({ path: late, missingMs: 10_000 })) {
      if (events.length > 0) return keysOf(events);
    }
    return undefined;
  })();
  await create(client, late);
  await append(client, [event("a")], late);
  expect(await reading).toEqual(["a"]);
});

test("[RT42] a follower over a socket goes on through restarts of the server, without gap or duplicate", async () => {
  const home = await mkdtemp(join(tmpdir(), "skein-runtime-"));
  onTestFinished(() => rm(home, { recursive: true, force: true }));
  let server: EmbeddedServer = await createEmbeddedServer({ home, port: 0, log: () => undefined });
  onTestFinished(() => server.close());
  const { url: baseUrl, token, port } = server;
  const client = createClient({ baseUrl, token });
  await create(client);
  const keys: string[] = [];
  const states: string[] = [];
  const following = (async () => {
    const signal = AbortSignal.timeout(25_000);
    const follower = client.followStream({ path: PATH, signal, onState: ({ kind }) => states.push(kind) });
    for await (const { events } of follower) {
      keys.push(...keysOf(events));
      if (keys.length >= 30) return;
    }
  })();
  for (let round = 0; round < 3; round += 1) {
    for (let index = 0; index < 10; index += 1) await append(client, [event(round * 10 + index)]);
    await expect.poll(() => keys.length, { timeout: 10_000 }).toBe(round * 10 + 10);
    if (round === 2) break;
    await server.close();
    server = await createEmbeddedServer({ home, port, log: () => undefined });
  }
  await following;
  expect(keys).toEqual(Array.from({ length: 30 }, (_, index) => String(index)));
  expect(states.filter((kind) => kind === "offline").length).toBeGreaterThan(0);
});

function cutAfter(limit: number): TransformStream<Uint8Array, Uint8Array> {
  let seen = 0;
  return new TransformStream({
    transform(chunk, controller) {
      const left = limit - seen;
      seen += chunk.byteLength;
      controller.enqueue(chunk.subarray(0, Math.max(0, left)));
      if (seen > limit) controller.error(new TypeError("terminated"));
    },
  });
}
