import type { Operation, Store } from "@skein/store";
import { createMemoryStore } from "@skein/store/memory";
import { expect, test } from "vitest";
import { controlOf, drive, isUpToDate, JSON_TYPE, jsonStream, sseEvents, until } from "./testing/drive.ts";

const post = (body: unknown) => ({ headers: JSON_TYPE, body: JSON.stringify(body) });
const has = (text: string) => (event: { data: string }) => event.data.includes(text);

/** A store whose commits wait at a gate, and that counts what is asked of it. */
function watchedStore() {
  const inner = createMemoryStore({ collections: {} });
  const counts = { reads: 0, watches: 0, watching: 0 };
  let gate: Promise<void> = Promise.resolve();
  const store: Store = {
    ...inner,
    async commit(operations: readonly Operation[]) {
      await gate;
      return inner.commit(operations);
    },
    readRuns(...args) {
      counts.reads++;
      return inner.readRuns(...args);
    },
    watchStream(...args) {
      counts.watches++;
      counts.watching++;
      const stop = inner.watchStream(...args);
      return () => {
        counts.watching--;
        stop();
      };
    },
  };
  const close = () => {
    let open = () => {};
    gate = new Promise((resolve) => {
      open = resolve;
    });
    return open;
  };
  return { store, counts, closeGate: close };
}

test("[SH4] nothing is seen by any reader, nor acknowledged, before the store has made it durable", async () => {
  const { store, closeGate } = watchedStore();
  const driven = drive({ store, longPollMs: 50 });
  await jsonStream(driven, "/s", ["old"]);
  const sse = sseEvents(await driven.send("GET", "/s?offset=-1&live=sse"));
  await until(sse, isUpToDate);
  const open = closeGate();
  let acknowledged = false;
  const appending = driven.send("POST", "/s", post("new")).then((response) => {
    acknowledged = true;
    return response.status;
  });
  const tail = (await driven.send("HEAD", "/s")).headers.get("stream-next-offset") ?? "";
  expect((await driven.send("GET", `/s?offset=${tail}&live=long-poll`)).status).toBe(204);
  expect(await (await driven.send("GET", "/s")).json()).toEqual(["old"]);
  expect(acknowledged).toBe(false);
  open();
  expect(await appending).toBe(204);
  const [data] = await until(sse, (event) => event.event === "data");
  expect(data?.data).toBe('["new"]');
  await sse.return();
});

test("[SH17] readers of a stream share one subscription, one read and one encoding of each append", async () => {
  const { store, counts } = watchedStore();
  const driven = drive({ store });
  await jsonStream(driven, "/s", ["old"]);
  const readers = await Promise.all(
    Array.from({ length: 50 }, async () => {
      const { body } = await driven.send("GET", "/s?offset=now&live=sse");
      if (body === null) throw new Error("No body.");
      const reader = body.getReader();
      await reader.read();
      return reader;
    }),
  );
  expect(counts.watches).toBe(1);
  const before = counts.reads;
  const pending = readers.map((reader) => reader.read());
  await driven.send("POST", "/s", post("new"));
  const frames = await Promise.all(pending);
  expect(counts.reads - before).toBe(1);
  expect(new Set(frames.map((frame) => frame.value)).size).toBe(1);
  expect(Buffer.from(frames[0]?.value ?? []).toString()).toContain('data:["new"]');
  await Promise.all(readers.map((reader) => reader.cancel()));
  expect(counts.watching).toBe(0);
});

test("[SH18] a reader that does not read holds nobody back, and later gets everything once, from the store", async () => {
  const driven = drive();
  await jsonStream(driven, "/s");
  const slow = sseEvents(await driven.send("GET", "/s?offset=-1&live=sse"));
  const quick = sseEvents(await driven.send("GET", "/s?offset=-1&live=sse"));
  await until(slow, isUpToDate);
  const total = 300;
  const padding = "x".repeat(10_000);
  for (let n = 0; n < total; n++) {
    await driven.send("POST", "/s", post({ n, padding }));
    if (n % 50 === 49) await until(quick, has(`"n":${n},`));
  }
  const seen = (await until(slow, has(`"n":${total - 1},`)))
    .filter(({ event }) => event === "data")
    .flatMap(({ data }) => JSON.parse(data) as { n: number }[]);
  expect(seen.map(({ n }) => n)).toEqual(Array.from({ length: total }, (_, n) => n));
  await Promise.all([slow.return(), quick.return()]);
});

test("[SH16] every data event of a catch-up is followed by its control event; only the last is up to date", async () => {
  const driven = drive();
  await jsonStream(driven, "/s");
  for (let n = 0; n < 6; n++) await driven.send("POST", "/s", post({ n, padding: "x".repeat(100_000) }));
  const sse = sseEvents(await driven.send("GET", "/s?offset=-1&live=sse"));
  const events = await until(sse, isUpToDate);
  expect(events.length).toBeGreaterThan(2);
  events.forEach(({ event }, index) => expect(event).toBe(index % 2 === 0 ? "data" : "control"));
  expect(events.filter(isUpToDate)).toHaveLength(1);
  await sse.return();
});

test("[SH20] deleting a stream ends its live readers at once; a new one at its path is not theirs", async () => {
  const driven = drive();
  await jsonStream(driven, "/s", [1]);
  const sse = sseEvents(await driven.send("GET", "/s?offset=-1&live=sse"));
  await until(sse, isUpToDate);
  const waiting = driven.send("GET", "/s?offset=now&live=long-poll");
  await new Promise(setImmediate);
  await driven.store.commit([
    { kind: "delete-stream", path: "/s" },
    { kind: "create-stream", path: "/s", contentType: "application/json", ifExists: "fail" },
    { kind: "append", path: "/s", messages: [Buffer.from('"another"')] },
  ]);
  expect((await waiting).status).toBe(410);
  const rest: string[] = [];
  for await (const { data } of sse) rest.push(data);
  expect(rest).toEqual([]);
});

test("[SH20] a stream that lives on in its forks ends its live readers too", async () => {
  const driven = drive();
  await jsonStream(driven, "/s", [1]);
  await driven.send("PUT", "/fork", { headers: { "stream-forked-from": "/s" } });
  const sse = sseEvents(await driven.send("GET", "/s?offset=-1&live=sse"));
  await until(sse, isUpToDate);
  await driven.send("DELETE", "/s");
  expect((await sse.next()).done).toBe(true);
  expect((await driven.send("GET", "/s?offset=-1&live=sse")).status).toBe(410);
});

test("[SH20] the last append and the close of a stream reach a live reader together, and end it", async () => {
  const driven = drive();
  await jsonStream(driven, "/s", [1]);
  const sse = sseEvents(await driven.send("GET", "/s?offset=now&live=sse"));
  await until(sse, isUpToDate);
  await driven.send("POST", "/s", { headers: { ...JSON_TYPE, "stream-closed": "true" }, body: "2" });
  const [data, control, end] = [await sse.next(), await sse.next(), await sse.next()];
  expect(data.value).toEqual({ event: "data", data: "[2]" });
  expect(controlOf(control.value ?? undefined)).toMatchObject({ upToDate: true, streamClosed: true });
  expect(end.done).toBe(true);
});

test("[SH24] an SSE connection ends after its time, and its reader goes on where it was", async () => {
  const driven = drive({ sseMs: 30 });
  await jsonStream(driven, "/s", [1]);
  let last: Record<string, unknown> = {};
  for await (const event of sseEvents(await driven.send("GET", "/s?offset=-1&live=sse"))) {
    if (event.event === "control") last = controlOf(event);
  }
  await driven.send("POST", "/s", post(2));
  const again = sseEvents(await driven.send("GET", `/s?offset=${String(last["streamNextOffset"])}&live=sse`));
  const [data] = await until(again, isUpToDate);
  expect(data?.data).toBe("[2]");
});

test("[SH25] a reader that goes, and a server that stops, end live reads and leave nothing behind", async () => {
  const { store, counts } = watchedStore();
  const stop = new AbortController();
  const driven = drive({ store, signal: stop.signal });
  await jsonStream(driven, "/s", [1]);
  const gone = new AbortController();
  const left = driven.send("GET", "/s?offset=now&live=long-poll", { signal: gone.signal });
  const sse = sseEvents(await driven.send("GET", "/s?offset=-1&live=sse"));
  await until(sse, isUpToDate);
  gone.abort();
  expect((await left).status).toBe(204);
  expect(counts.watching).toBe(1);
  stop.abort();
  expect((await sse.next()).done).toBe(true);
  expect((await driven.send("GET", "/s?offset=now&live=long-poll")).status).toBe(204);
  expect(counts.watching).toBe(0);
});

test("[SH22] when the store fails, live readers end and the failure is reported", async () => {
  const { store } = watchedStore();
  const failure = new Error("the store broke");
  let broken = false;
  const driven = drive({
    store: {
      ...store,
      readRuns: (...args) => (broken ? Promise.reject(failure) : store.readRuns(...args)),
    },
  });
  await jsonStream(driven, "/s", [1]);
  const response = await driven.send("GET", "/s?offset=now&live=sse");
  const reader = response.body?.getReader();
  await reader?.read();
  broken = true;
  const rest = reader?.read();
  await driven.send("POST", "/s", post(2));
  await expect(rest).rejects.toThrow("the store broke");
  expect(driven.errors).toEqual([failure]);
  broken = false;
  expect((await driven.send("GET", "/s?offset=-1&live=long-poll")).status).toBe(200);
});
