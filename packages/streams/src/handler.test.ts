import { SkeinError } from "@skein/protocol";
import { createMemoryStore } from "@skein/store/memory";
import { expect, test } from "vitest";
import { drive, JSON_TYPE, jsonStream, TEXT_TYPE } from "./testing/drive.ts";

const offset = (position: number) => `${String(position).padStart(16, "0")}_${"0".repeat(16)}`;
const range = (from: number, to: number) => Array.from({ length: to - from }, (_, n) => from + n);

test("[SH2] JSON is read back as the bytes that came, by catch-up, long poll and SSE", async () => {
  const driven = drive();
  const messages = ["12345678901234567890", "1e400", '{"a":1,"a":2}', "1.0", '{"headers":{"offset":"mine"}}'];
  await driven.send("PUT", "/s", { headers: JSON_TYPE });
  await driven.send("POST", "/s", { headers: JSON_TYPE, body: `[ ${messages.join(" , ")} ]` });
  const expected = `[${messages.join(",")}]`;
  expect(await (await driven.send("GET", "/s")).text()).toBe(expected);
  expect(await (await driven.send("GET", "/s?offset=-1&live=long-poll")).text()).toBe(expected);
  const sse = await driven.send("GET", "/s?offset=-1&live=sse");
  const reader = sse.body?.getReader();
  const frame = await reader?.read();
  expect(Buffer.from(frame?.value ?? []).toString()).toContain(`data:${expected}\n`);
  await reader?.cancel();
});

test("[SH3] malformed JSON appends nothing and leaves the producer where it was", async () => {
  const driven = drive();
  await jsonStream(driven, "/s");
  const producer = { "producer-id": "p", "producer-epoch": "0", "producer-seq": "0", ...JSON_TYPE };
  const refused = await driven.send("POST", "/s", { headers: producer, body: '[{"a":1},{"b"]' });
  expect(refused.status).toBe(400);
  expect(await refused.json()).toMatchObject({ error: { code: "malformed_json" } });
  expect((await driven.send("POST", "/s", { headers: producer, body: '{"a":1}' })).status).toBe(200);
  expect(await (await driven.send("GET", "/s")).json()).toEqual([{ a: 1 }]);
});

test("[SH5] an append with an expected offset is refused when the stream has moved on", async () => {
  const driven = drive();
  await jsonStream(driven, "/s", [1, 2]);
  const at = (position: number) => ({ ...JSON_TYPE, "stream-expected-offset": offset(position) });
  const late = await driven.send("POST", "/s", { headers: at(1), body: "3" });
  expect([late.status, late.headers.get("stream-next-offset")]).toEqual([409, offset(2)]);
  expect((await driven.send("POST", "/s", { headers: at(2), body: "3" })).status).toBe(204);
});

test("[SH7] a body over the limit is refused and appends nothing, whether its length is declared or not", async () => {
  const driven = drive({ maxBodyBytes: 1000 });
  await driven.send("PUT", "/s", { headers: TEXT_TYPE });
  const declared = await driven.send("POST", "/s", {
    headers: { ...TEXT_TYPE, "content-length": "1001" },
    body: "x".repeat(1001),
  });
  const undeclared = await driven.send("POST", "/s", { headers: TEXT_TYPE, body: "x".repeat(1001) });
  expect([declared.status, undeclared.status]).toEqual([413, 413]);
  expect(await undeclared.json()).toMatchObject({ error: { code: "too_large" } });
  expect((await driven.store.getStream("/s"))?.head).toBe(0);
  expect((await driven.send("POST", "/s", { headers: TEXT_TYPE, body: "x".repeat(1000) })).status).toBe(204);
});

test("[SH8] a long stream is read in bounded responses, each message exactly once", async () => {
  const driven = drive({ chunkBytes: 500, maxResponseBytes: 1500 });
  await jsonStream(driven, "/s", range(0, 1000));
  const seen: number[] = [];
  let responses = 0;
  for (let at = "-1", done = false; !done; responses++) {
    const response = await driven.send("GET", `/s?offset=${at}`);
    const body = await response.text();
    expect(body.length).toBeLessThan(4000);
    seen.push(...(JSON.parse(body) as number[]));
    at = response.headers.get("stream-next-offset") ?? "";
    done = response.headers.get("stream-up-to-date") === "true";
  }
  expect(seen).toEqual(range(0, 1000));
  expect(responses).toBeGreaterThan(1);
});

test("[SH8] one response reads the store a part at a time, as its reader takes it", async () => {
  const { store } = drive();
  let reads = 0;
  const counted = {
    ...store,
    readRuns: (...args: Parameters<typeof store.readRuns>) => (reads++, store.readRuns(...args)),
  };
  const driven = drive({ store: counted, chunkBytes: 1000 });
  await jsonStream(driven, "/s", range(0, 10_000));
  const response = await driven.send("GET", "/s");
  expect(response.headers.get("stream-up-to-date")).toBe("true");
  expect(reads).toBe(1);
  const reader = response.body?.getReader();
  await reader?.read();
  await reader?.read();
  expect(reads).toBeLessThan(5);
  await reader?.cancel();
  expect(await (await driven.send("GET", "/s")).json()).toEqual(range(0, 10_000));
  await driven.send("PUT", "/text", { headers: TEXT_TYPE });
  for (let n = 0; n < 100; n++)
    await driven.send("POST", "/text", { headers: TEXT_TYPE, body: `line ${n}\n`.repeat(20) });
  const text = await (await driven.send("GET", "/text")).text();
  expect(text).toBe(
    range(0, 100)
      .map((n) => `line ${n}\n`.repeat(20))
      .join(""),
  );
});

test("[SH8] a response whose stream is deleted in the middle fails, and does not end as if it were whole", async () => {
  const driven = drive({ chunkBytes: 1000 });
  await jsonStream(driven, "/s", range(0, 10_000));
  const response = await driven.send("GET", "/s");
  await driven.send("DELETE", "/s");
  await expect(response.text()).rejects.toThrow("deleted while it was read");
});

test("[SH9] `last` reads the newest, `before` pages on backwards, and both say where they join", async () => {
  const driven = drive();
  await jsonStream(driven, "/s", range(0, 25));
  const last = await driven.send("GET", "/s?last=10");
  expect(await last.json()).toEqual(range(15, 25));
  expect(last.headers.get("stream-next-offset")).toBe(offset(25));
  expect(last.headers.get("stream-up-to-date")).toBe("true");
  const pages: unknown[] = [];
  for (let before = last.headers.get("stream-before-offset"); before !== null;) {
    const page = await driven.send("GET", `/s?before=${before}&limit=10`);
    expect(page.headers.get("stream-next-offset")).toBe(before);
    expect(page.headers.get("stream-up-to-date")).toBeNull();
    pages.push(await page.json());
    before = page.headers.get("stream-before-offset");
  }
  expect(pages).toEqual([range(5, 15), range(0, 5)]);
});

test("[SH9] pages backwards are bounded too, and of a short stream there is just less", async () => {
  const driven = drive({ chunkBytes: 100 });
  await jsonStream(driven, "/s", range(100, 200));
  const page = await driven.send("GET", "/s?last=1000");
  const messages = (await page.json()) as number[];
  expect(messages.at(-1)).toBe(199);
  expect(messages.length).toBeLessThan(60);
  await jsonStream(driven, "/short", [1]);
  const short = await driven.send("GET", "/short?last=1000");
  expect(await short.json()).toEqual([1]);
  expect(short.headers.get("stream-before-offset")).toBeNull();
  for (const query of ["last=0", "last=x", "last=1&offset=-1", "last=1&live=sse", "before=5&limit=1", "before="]) {
    expect((await driven.send("GET", `/s?${query}`)).status, query).toBe(400);
  }
});

test("[SH10] a reader that is ahead of the stream is told that the stream is another one", async () => {
  const driven = drive();
  await jsonStream(driven, "/s", [1, 2, 3]);
  await driven.send("DELETE", "/s");
  await jsonStream(driven, "/s", [4]);
  for (const live of ["", "&live=long-poll", "&live=sse"]) {
    const response = await driven.send("GET", `/s?offset=${offset(3)}${live}`);
    expect([response.status, await response.json()]).toMatchObject([410, { error: { code: "stream_gone" } }]);
  }
});

test("[SH10] an ephemeral stream is read from what is left of it, and not from its earlier life", async () => {
  let now = 1_000_000;
  const driven = drive({ store: createMemoryStore({ collections: {}, now: () => now }) });
  const open = () =>
    driven.store.commit([
      {
        kind: "create-stream",
        path: "/live",
        contentType: "application/json",
        ephemeral: { maxBytes: 400, idleMs: 1000 },
        ifExists: "fail",
      },
    ]);
  const append = (n: number) => driven.send("POST", "/live", { headers: JSON_TYPE, body: `"${"x".repeat(100)}${n}"` });
  await open();
  const first = (await driven.send("GET", "/live?offset=now")).headers.get("stream-next-offset") ?? "";
  for (const n of range(0, 10)) await append(n);
  const left = (await (await driven.send("GET", "/live?offset=-1")).json()) as string[];
  expect(left.length).toBeLessThan(10);
  expect(left.at(-1)?.endsWith("9")).toBe(true);
  for (const live of ["", "&live=sse", "&live=long-poll"]) {
    expect((await driven.send("GET", `/live?offset=${first}${live}`)).status).toBe(410);
  }
  const end = (await driven.send("GET", "/live?offset=now")).headers.get("stream-next-offset") ?? "";
  now += 5000;
  expect((await driven.send("GET", `/live?offset=${end}`)).status).toBe(404);
  await open();
  for (const n of range(0, 3)) await append(n);
  expect((await driven.send("GET", `/live?offset=${end}`)).status).toBe(410);
  expect(await (await driven.send("GET", "/live?offset=-1")).json()).toHaveLength(3);
});

test("[SH11] a page has a tag that changes with what it says, and with the stream at its path", async () => {
  let now = 1_000_000;
  const driven = drive({ store: createMemoryStore({ collections: {}, now: () => now }) });
  await jsonStream(driven, "/s", [1]);
  const tag = async () => (await driven.send("GET", "/s")).headers.get("etag") ?? "";
  const first = await tag();
  const again = await driven.send("GET", "/s", { headers: { "if-none-match": first } });
  expect([again.status, await again.text()]).toEqual([304, ""]);
  await driven.send("POST", "/s", { headers: { "stream-closed": "true" } });
  const closed = await tag();
  now += 1;
  await driven.send("DELETE", "/s");
  await jsonStream(driven, "/s", [2]);
  expect(new Set([first, closed, await tag()]).size).toBe(3);
  expect((await driven.send("GET", "/s", { headers: { "if-none-match": first } })).status).toBe(200);
});

test("[SH11] a page in front of the end may be kept for a moment, the end is asked for again", async () => {
  const driven = drive({ chunkBytes: 10, maxResponseBytes: 20, caching: "public" });
  await jsonStream(driven, "/s", range(100, 120));
  const cache = async (query: string) => (await driven.send("GET", `/s?${query}`)).headers.get("cache-control");
  expect(await cache("offset=-1")).toBe("public, max-age=60, stale-while-revalidate=300");
  expect(await cache(`offset=${offset(20)}`)).toBe("public, no-cache");
  expect(await cache("offset=now")).toBe("no-store");
});

test("[SH12] without a CORS policy no header lets another origin in, and with one it does", async () => {
  const closed = drive();
  const preflight = await closed.send("OPTIONS", "/s", { headers: { origin: "https://elsewhere.example" } });
  expect([...preflight.headers.keys()].filter((name) => name.startsWith("access-control"))).toEqual([]);
  expect(preflight.headers.get("cross-origin-resource-policy")).toBe("same-origin");
  const open = drive({ cors: { origin: "https://app.example" } });
  const allowed = await open.send("OPTIONS", "/s", { headers: { origin: "https://app.example" } });
  expect(allowed.headers.get("access-control-allow-origin")).toBe("https://app.example");
  expect(allowed.headers.get("vary")).toBe("origin");
});

test("[SH13] what the caller does not allow is answered 405 and does nothing", async () => {
  const driven = drive();
  await jsonStream(driven, "/s", [1]);
  const call = { allow: ["read"] as const };
  for (const method of ["PUT", "POST", "DELETE", "PATCH"]) {
    const response = await driven.send(method, "/s", { call, headers: JSON_TYPE, body: "2" });
    expect([response.status, response.headers.get("allow")], method).toEqual([405, "GET, HEAD, OPTIONS"]);
  }
  expect(await (await driven.send("GET", "/s", { call })).json()).toEqual([1]);
});

test("[SH14] the caller sees messages before they are appended or begin a stream, and can refuse them", async () => {
  const driven = drive();
  await jsonStream(driven, "/s");
  const check = (messages: readonly Uint8Array[]) =>
    messages.some((message) => Buffer.from(message).includes("bad"))
      ? new SkeinError("schema_validation_failed", "No.")
      : undefined;
  const body = '["good","bad"]';
  expect((await driven.send("POST", "/s", { call: { check }, headers: JSON_TYPE, body })).status).toBe(422);
  expect((await driven.send("PUT", "/t", { call: { check }, headers: JSON_TYPE, body })).status).toBe(422);
  expect((await driven.store.getStream("/s"))?.head).toBe(0);
  expect(await driven.store.getStream("/t")).toBeUndefined();
});

test("[SH15] a fork's source is what the caller makes of its name, or nothing", async () => {
  const driven = drive();
  await jsonStream(driven, "/real", [1, 2]);
  const call = { forkSource: (named: string) => (named === "/alias" ? "/real" : undefined) };
  const fork = (from: string) =>
    driven.send("PUT", `/fork-of${from}`, { call, headers: { "stream-forked-from": from } });
  expect([(await fork("/alias")).status, (await fork("/real")).status]).toEqual([201, 404]);
  expect(await (await driven.send("GET", "/fork-of/alias")).json()).toEqual([1, 2]);
});

test("[SH22] an unexpected failure is a 500 that says nothing of its cause, and is reported", async () => {
  const store = createMemoryStore({ collections: {} });
  const failure = new Error("disk at /secret/place is gone");
  const driven = drive({ store: { ...store, getStream: () => Promise.reject(failure) } });
  const response = await driven.send("HEAD", "/s");
  expect(response.status).toBe(500);
  expect(await (await driven.send("GET", "/s?offset=now")).text()).not.toContain("secret");
  expect(driven.errors).toEqual([failure, failure]);
});

test("[SH21] reads move the expiry of a TTL stream, and those that follow closely share one commit", async () => {
  let now = 0;
  const store = createMemoryStore({ collections: {}, now: () => now });
  let commits = 0;
  const counted = {
    ...store,
    commit: (...args: Parameters<typeof store.commit>) => (commits++, store.commit(...args)),
  };
  const driven = drive({ store: counted });
  await driven.send("PUT", "/s", { headers: { ...TEXT_TYPE, "stream-ttl": "100" } });
  now = 90_000;
  for (let n = 0; n < 5; n++) await driven.send("GET", "/s");
  expect(commits).toBe(2);
  now = 180_000;
  expect((await driven.send("GET", "/s?offset=now")).status).toBe(200);
  now = 270_000;
  expect((await driven.send("HEAD", "/s")).status).toBe(200);
  now = 281_000;
  expect((await driven.send("GET", "/s")).status).toBe(404);
});

test("[SH23] malformed requests are refused as such", async () => {
  const driven = drive();
  await jsonStream(driven, "/s");
  const statuses = await Promise.all([
    driven.send("GET", "/s?offset=5"),
    driven.send("GET", "/s?offset="),
    driven.send("GET", "/s?offset=-1&offset=now"),
    driven.send("GET", "/s?live=sse"),
    driven.send("GET", "/s?offset=-1&live=websocket"),
    driven.send("POST", "/s", { headers: { ...JSON_TYPE, "producer-id": "p" }, body: "1" }),
    driven.send("POST", "/s", { headers: { ...JSON_TYPE, "stream-expected-offset": "7" }, body: "1" }),
    driven.send("POST", "/s", { headers: { ...JSON_TYPE, "stream-seq": "" }, body: "1" }),
    driven.send("PUT", "/t", { headers: { "content-type": "nonsense" } }),
    driven.send("PUT", "/t", { headers: { "stream-ttl": "1e3" } }),
    driven.send("PUT", "/t", { headers: { "stream-expires-at": "tomorrow" } }),
    driven.send("PUT", `/${"x".repeat(2000)}`),
  ]);
  expect(statuses.map(({ status }) => status)).toEqual(statuses.map(() => 400));
  expect(driven.errors).toEqual([]);
});
