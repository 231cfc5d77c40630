import { expect, test } from "vitest";
import { createMemoryStore } from "@skein/store/memory";
import { createStreams, type Streams } from "./handler.ts";
import { JSON_TYPE, sseEvents, type SseEvent } from "./testing/drive.ts";

const offset = (position: number) => `${String(position).padStart(16, "0")}_${"0".repeat(16)}`;

function open() {
  const store = createMemoryStore({ collections: {} });
  const stop = new AbortController();
  const errors: unknown[] = [];
  const streams = createStreams({ store, signal: stop.signal, onError: (error) => errors.push(error) });
  const send = (method: string, path: string, body?: unknown) =>
    streams.handle(
      new Request(`http://test${path}`, {
        method,
        headers: JSON_TYPE,
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      }),
    );
  return { store, streams, send, stop, errors };
}

function follow(streams: Streams, targets: Record<string, string>): AsyncGenerator<SseEvent, void, undefined> {
  const list = Object.entries(targets).map(([path, from]) => ({ name: path.slice(1), path, from }));
  return sseEvents(streams.follow(new Request("http://test/follow"), list));
}

async function take(events: AsyncGenerator<SseEvent, void, undefined>, count: number): Promise<unknown[]> {
  const taken: unknown[] = [];
  while (taken.length < count) {
    const next = await events.next();
    if (next.done === true) throw new Error(`Ended after ${JSON.stringify(taken)}`);
    taken.push([next.value.event, JSON.parse(next.value.data)]);
  }
  return taken;
}

test("[SH26] several streams come in one response, each from where its reader is", async () => {
  const { streams, send, stop } = open();
  await send("PUT", "/a", [1, 2]);
  await send("PUT", "/b", [3]);
  const events = follow(streams, { "/a": offset(1), "/b": "now" });
  // Of different streams, in whatever order.
  const first = await take(events, 2);
  expect(first).toContainEqual([
    "batch",
    { stream: "a", start: offset(1), events: [2], next: offset(2), upToDate: true },
  ]);
  expect(first).toContainEqual([
    "batch",
    { stream: "b", start: offset(1), events: [], next: offset(1), upToDate: true },
  ]);
  await send("POST", "/b", { n: 4 });
  expect(await take(events, 1)).toEqual([
    ["batch", { stream: "b", start: offset(1), events: [{ n: 4 }], next: offset(2), upToDate: true }],
  ]);
  stop.abort();
  expect((await events.next()).done).toBe(true);
});

test("[SH26] a stream that is not there is waited for; one that goes is `gone`, and its successor begins anew", async () => {
  const { streams, send, errors } = open();
  const events = follow(streams, { "/live": "-1" });
  const first = take(events, 1);
  await send("PUT", "/live", [1]);
  expect(await first).toEqual([
    ["batch", { stream: "live", start: offset(0), events: [1], next: offset(1), upToDate: true }],
  ]);
  await send("DELETE", "/live");
  expect(await take(events, 1)).toEqual([["gone", { stream: "live", code: "stream_gone" }]]);
  await send("PUT", "/live", [2, 3]);
  expect(await take(events, 1)).toMatchObject([["batch", { start: offset(0), events: [2, 3] }]]);
  await streams.handle(new Request("http://test/live", { method: "POST", headers: { "stream-closed": "true" } }));
  expect(await take(events, 1)).toEqual([["closed", { stream: "live", next: offset(2) }]]);
  await events.return();
  expect(errors).toEqual([]);
});

test("[SH26] a reader that is ahead of a stream, or follows what is no JSON, is told so", async () => {
  const { streams, send, store } = open();
  await send("PUT", "/a", [1]);
  await store.commit([{ kind: "create-stream", path: "/bytes", contentType: "image/png", ifExists: "fail" }]);
  const events = await take(follow(streams, { "/a": offset(9), "/bytes": "-1" }), 3);
  expect(events.filter((event) => JSON.stringify(event).includes('"a"'))).toEqual([
    ["gone", { stream: "a", code: "stream_gone" }],
    ["batch", { stream: "a", start: offset(0), events: [1], next: offset(1), upToDate: true }],
  ]);
  expect(events).toContainEqual(["gone", { stream: "bytes", code: "invalid_request" }]);
  expect(streams.follow(new Request("http://test/follow"), []).status).toBe(400);
  expect(streams.follow(new Request("http://test/follow"), [{ name: "a", path: "/a", from: "x" }]).status).toBe(400);
});

test("[SH26] readers of a stream, alone or among others, share one subscription", async () => {
  const { store, send } = open();
  await send("PUT", "/a", []);
  let watching = 0;
  const watched = createStreams({
    store: {
      ...store,
      watchStream: (...args) => {
        const stop = store.watchStream(...args);
        watching++;
        return () => {
          watching--;
          stop();
        };
      },
    },
  });
  const readers = [1, 2, 3].map(() => follow(watched, { "/a": "-1" }));
  for (const reader of readers) await take(reader, 1);
  const alone = sseEvents(await watched.handle(new Request("http://test/a?offset=-1&live=sse")));
  await alone.next();
  expect(watching).toBe(1);
  for (const reader of [...readers, alone]) await reader.return();
  expect(watching).toBe(0);
});
