import { formatOffset, SkeinError } from "@skein/protocol";
import type { Transport } from "@skein/runtime/client";
import { expect, test } from "vitest";
import { BEGINNING, createFollower, type FollowSubscriber } from "./follower.ts";
import { manualEnvironment } from "./testing/environment.ts";

/** A server that writes what the test says into the connection of the moment. */
function fakeServer() {
  const connections: { readonly streams: readonly string[]; readonly signal: AbortSignal; readonly body: Writer }[] =
    [];
  let refusal: SkeinError | undefined;
  const transport: Transport = {
    async request(_method, path, options) {
      if (refusal) throw refusal;
      const body = createWriter();
      const signal = options?.signal ?? new AbortController().signal;
      signal.addEventListener("abort", () => body.fail(), { once: true });
      connections.push({ streams: new URL(path, "http://test").searchParams.getAll("s"), signal, body });
      return new Response(body.stream);
    },
    json: () => Promise.reject(new Error("not used")),
  };
  return {
    transport,
    connections,
    refuse: (error: SkeinError | undefined) => (refusal = error),
    write(event: string, data: unknown) {
      connections.at(-1)?.body.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
    },
    batch(stream: string, next: number, keys: readonly string[], upToDate = true) {
      const events = keys.map((key) => ({ type: "row", key, headers: { operation: "insert" } }));
      const start = formatOffset(next - keys.length);
      this.write("batch", { stream, start, events, next: formatOffset(next), upToDate });
    },
    open: () => connections.filter(({ signal }) => !signal.aborted).length,
  };
}

interface Writer {
  readonly stream: ReadableStream<Uint8Array>;
  write(text: string): void;
  end(): void;
  fail(): void;
}

function createWriter(): Writer {
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  const stream = new ReadableStream<Uint8Array>({ start: (made) => void (controller = made) });
  let ended = false;
  const once = (end: () => void): void => {
    if (!ended) end();
    ended = true;
  };
  return {
    stream,
    write: (text) => controller?.enqueue(new TextEncoder().encode(text)),
    end: () => once(() => controller?.close()),
    fail: () => once(() => controller?.error(new Error("aborted"))),
  };
}

function reader() {
  const keys: string[] = [];
  const gone: string[] = [];
  const subscriber: FollowSubscriber = {
    onBatch: ({ events }) => keys.push(...events.map((event) => ("key" in event ? event.key : "?"))),
    onGone(code) {
      gone.push(code);
      return "leave";
    },
  };
  return { keys, gone, subscriber };
}

function setUp() {
  const environment = manualEnvironment();
  const server = fakeServer();
  const follower = createFollower(server.transport, environment);
  return { environment, server, follower, close: follower.open(), state: () => follower.connection.get().kind };
}

test("[WB26] all streams come over one connection, each from its position, each message once and in order", async () => {
  const { environment, server, follower, state, close } = setUp();
  const a = reader();
  const b = reader();
  follower.follow("/a", 3, a.subscriber);
  follower.follow("/b", BEGINNING, b.subscriber);
  await environment.advance(50);
  expect(server.open()).toBe(1);
  expect(server.connections.at(-1)?.streams).toEqual([`/a@${formatOffset(3)}`, "/b@-1"]);
  server.batch("/a", 5, ["a3", "a4"], false);
  server.batch("/b", 101, ["b100"]);
  server.batch("/a", 6, ["a5"]);
  await environment.advance(1_000);
  expect([a.keys, b.keys, state()]).toEqual([["a3", "a4", "a5"], ["b100"], "live"]);
  close();
});

test("[WB26] after a broken connection it goes on where it was, and what comes twice is taken once", async () => {
  const { environment, server, follower, close } = setUp();
  const a = reader();
  follower.follow("/a", 0, a.subscriber);
  await environment.advance(50);
  server.batch("/a", 2, ["0", "1"]);
  await environment.advance(10);
  server.connections.at(-1)?.body.end();
  await environment.advance(1_000);
  expect(server.connections.at(-1)?.streams).toEqual([`/a@${formatOffset(2)}`]);
  server.batch("/a", 3, ["1", "2"]);
  await environment.advance(10);
  expect(a.keys).toEqual(["0", "1", "2"]);
  close();
});

test("[WB26] it says live only while it is: catching up, offline since when, and back", async () => {
  const { environment, server, follower, state, close } = setUp();
  follower.follow("/a", 0, reader().subscriber);
  expect(state()).toBe("catching-up");
  await environment.advance(50);
  server.batch("/a", 1, ["0"]);
  await environment.advance(10);
  expect(state()).toBe("live");
  server.refuse(new SkeinError("unavailable", "gone"));
  server.connections.at(-1)?.body.fail();
  const since = environment.now();
  await environment.advance(3_000);
  const connection = follower.connection.get();
  expect(connection.kind === "offline" && Math.abs(connection.since - since)).toBeLessThan(50);
  server.refuse(undefined);
  await environment.advance(10_000);
  expect(state()).toBe("catching-up");
  server.batch("/a", 1, []);
  await environment.advance(10);
  expect(state()).toBe("live");
  close();
});

test("[WB26] a connection that is silent is given up; without a network none is made until it is back", async () => {
  const { environment, server, follower, state, close } = setUp();
  follower.follow("/a", 0, reader().subscriber);
  await environment.advance(50);
  server.batch("/a", 1, ["0"]);
  await environment.advance(45_000);
  expect(server.connections.length).toBe(2);
  environment.awake.set(false);
  await environment.advance(60_000);
  expect(state()).toBe("offline");
  const made = server.connections.length;
  await environment.advance(60_000);
  expect(server.connections.length).toBe(made);
  environment.awake.set(true);
  await environment.advance(100);
  expect(server.connections.length).toBe(made + 1);
  close();
});

test("[WB26] a stream that is gone tells its reader, who may follow what comes after it", async () => {
  const { environment, server, follower, close } = setUp();
  const left = reader();
  const stays = reader();
  follower.follow("/left", 5, left.subscriber);
  follower.follow("/live", BEGINNING, { ...stays.subscriber, onGone: () => "follow-anew" });
  await environment.advance(50);
  server.batch("/live", 1000, ["old"]);
  server.write("gone", { stream: "/left", code: "stream_gone" });
  server.write("gone", { stream: "/live", code: "stream_gone" });
  server.batch("/live", 3, ["new"]);
  await environment.advance(10);
  expect([left.gone, stays.keys]).toEqual([["stream_gone"], ["old", "new"]]);
  close();
});

test("[WB26] nobody left, or closed: no connection is left open; refused for good: it does not try again", async () => {
  const { environment, server, follower, state, close } = setUp();
  const stop = follower.follow("/a", 0, reader().subscriber);
  await environment.advance(50);
  stop();
  await environment.advance(50);
  expect(server.open()).toBe(0);
  server.refuse(new SkeinError("unauthorized", "no"));
  follower.follow("/a", 0, reader().subscriber);
  await environment.advance(60_000);
  expect(state()).toBe("denied");
  server.refuse(undefined);
  close();
  await environment.advance(60_000);
  expect(server.open()).toBe(0);
});
