import { SkeinError } from "@skein/protocol";
import { expect, test } from "vitest";
import { z } from "zod";
import { createManualClock } from "../testing/manual-clock.ts";
import { createClient } from "./client.ts";
import { createTransport, type Fetch } from "./transport.ts";

const baseUrl = "http://skein.test";
const asking = (fetch: Fetch) => createTransport({ fetch, baseUrl, token: "secret" }).request("GET", "/x");

test("[RT48] every failure is a SkeinError: the server's own, a proxy's, no network, no JSON", async () => {
  const wire = new SkeinError("entity_ended", "It is over.", { details: { since: 1 } }).toWire();
  await expect(asking(async () => Response.json(wire, { status: 409 }))).rejects.toMatchObject({
    code: "entity_ended",
    message: "It is over.",
    details: { since: 1 },
  });
  const foreign = async (status: number): Promise<unknown> =>
    asking(async () => new Response("<html>", { status })).catch((error: unknown) =>
      error instanceof SkeinError ? error.code : error,
    );
  expect(await Promise.all([502, 429, 401, 403, 404, 410, 400].map(foreign))).toEqual([
    "unavailable",
    "unavailable",
    "unauthorized",
    "forbidden",
    "not_found",
    "stream_gone",
    "invalid_request",
  ]);
  const refused = asking(async () => Promise.reject(new TypeError("fetch failed")));
  await expect(refused).rejects.toMatchObject({ code: "unavailable" });
  const transport = createTransport({ fetch: async () => new Response("{"), baseUrl });
  await expect(transport.json(z.unknown(), "GET", "/x")).rejects.toMatchObject({ code: "internal" });
  const other = createTransport({ fetch: async () => Response.json({ a: 1 }), baseUrl });
  await expect(other.json(z.object({ a: z.string() }), "GET", "/x")).rejects.toMatchObject({ code: "internal" });
});

test("[RT48] an aborted request rejects with the signal's reason", async () => {
  const abort = new AbortController();
  const transport = createTransport({
    fetch: (request) =>
      new Promise((_, reject) => request.signal.addEventListener("abort", () => reject(new Error("aborted")))),
    baseUrl,
  });
  const asked = transport.request("GET", "/x", { signal: abort.signal });
  abort.abort("enough");
  await expect(asked).rejects.toBe("enough");
});

test("[RT47] a live connection on which nothing is heard for a minute is made again from the same offset", async () => {
  const clock = createManualClock();
  const asked: string[] = [];
  const offset = "0000000000000005_0000000000000000";
  const encoder = new TextEncoder();
  let silent = true;
  const fetch: Fetch = async (request) => {
    const { searchParams } = new URL(request.url);
    asked.push(`${searchParams.get("offset")} ${searchParams.get("live")}`);
    if (!searchParams.has("live")) {
      return new Response("[]", { headers: { "stream-next-offset": offset, "stream-up-to-date": "true" } });
    }
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        request.signal.addEventListener("abort", () => controller.error(new Error("aborted")));
        const next = "0000000000000006_0000000000000000";
        const event = `event: data\ndata: [{"type":"row","key":"a","headers":{"operation":"insert"}}]\n\n`;
        const control = `event: control\ndata: {"streamNextOffset":"${next}","upToDate":true}\n\n`;
        if (!silent) controller.enqueue(encoder.encode(event + control));
      },
    });
    return new Response(body);
  };
  const follower = createClient({ fetch, baseUrl, clock }).followStream({ path: "/x", from: offset });
  const iterator = follower[Symbol.asyncIterator]();
  await iterator.next();
  const waiting = iterator.next();
  await clock.advance(59_000);
  expect(asked).toEqual([`${offset} null`, `${offset} sse`]);
  silent = false;
  await clock.advance(2_000);
  expect((await waiting).value).toMatchObject({ events: [], upToDate: true });
  expect((await iterator.next()).value).toMatchObject({ events: [{ key: "a" }], start: offset });
  expect(asked).toEqual([`${offset} null`, `${offset} sse`, `${offset} null`, `${offset} sse`]);
  await iterator.return?.();
  expect(clock.pending).toBe(0);
});

test("[RT42] without contact a follower says since when, and tries again after a while or when it is told to", async () => {
  const clock = createManualClock();
  let reachable = false;
  let tries = 0;
  const fetch: Fetch = async () => {
    tries += 1;
    if (!reachable) throw new TypeError("fetch failed");
    const headers = { "stream-next-offset": "0000000000000000_0000000000000000", "stream-up-to-date": "true" };
    return new Response("[]", { headers });
  };
  const began = clock.now();
  const follower = createClient({ fetch, baseUrl, clock }).followStream({ path: "/x" });
  const iterator = follower[Symbol.asyncIterator]();
  const waiting = iterator.next();
  await clock.advance(30_000);
  expect(follower.state).toMatchObject({ kind: "offline", since: began, error: { code: "unavailable" } });
  expect(tries).toBeGreaterThan(6);
  expect(tries).toBeLessThan(20);
  const before = tries;
  reachable = true;
  follower.retryNow();
  expect((await waiting).value).toMatchObject({ upToDate: true });
  expect(tries).toBe(before + 1);
  expect(follower.state.kind).toBe("catching-up");
  await iterator.return?.();
  expect(clock.pending).toBe(0);
});
