import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { claim } from "@skein/protocol";
import { expect, onTestFinished, test } from "vitest";
import { createEmbeddedServer } from "../presets/embedded.ts";
import { createCaller, failure, read, type Caller } from "../testing/caller.ts";

async function start() {
  const home = await mkdtemp(join(tmpdir(), "skein-metrics-"));
  onTestFinished(() => rm(home, { recursive: true, force: true }));
  const server = await createEmbeddedServer({ home, port: 0, leaseMs: 50, log: () => undefined });
  onTestFinished(() => server.close());
  return { server, call: createCaller({ ...server, fetch }) };
}

/** Prometheus' text as a map from a series to its value. */
async function scrape(call: Caller): Promise<Map<string, number>> {
  const answer = await call("GET", "/metrics");
  expect(answer.status).toBe(200);
  expect(answer.headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
  const lines = String(answer.body)
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"));
  for (const line of lines) expect(line).toMatch(/^[a-z_0-9]+(\{.*\})? [-+0-9.eNaInf]+$/);
  return new Map(
    lines.map((line) => {
      const cut = line.lastIndexOf(" ");
      return [line.slice(0, cut), Number(line.slice(cut + 1))] as const;
    }),
  );
}

test("[OP3] metrics need the token and are of the format of Prometheus", async () => {
  const { server, call } = await start();
  expect((await fetch(`${server.url}/metrics`)).status).toBe(401);
  const series = await scrape(call);
  expect(series.get("process_resident_memory_bytes")).toBeGreaterThan(1e6);
  expect(series.has("nodejs_eventloop_lag_p99_seconds")).toBe(true);
});

test("[OP4] requests are counted by the route that matched, never by path, and refusals by their code", async () => {
  const { call } = await start();
  for (const id of ["a", "b", "c"]) await call("GET", `/hello/${id}`);
  for (const path of ["/x/y/z/none", "/_skein/none", "/%2e%2e/x"]) await call("GET", path);
  const series = await scrape(call);
  const count = (route: string, status: number) =>
    series.get(`skein_http_request_duration_seconds_count{method="GET",route="${route}",status="${status}"}`);
  // Of the others one has the form of an entity as well.
  expect(count("/:type/:id", 404)).toBe(4);
  expect(series.get(`skein_http_errors_total{code="not_found"}`)).toBe(6);
  const routes = new Set([...series.keys()].flatMap((key) => /route="([^"]*)"/.exec(key)?.[1] ?? []));
  expect([...routes].filter((route) => route !== "none" && !/^\/[a-z_0-9/:*]*$/i.test(route))).toEqual([]);
  expect([...routes].some((route) => /none\/|hello/.test(route))).toBe(false);
});

test("[OP5] commits, their groups and what waits are counted", async () => {
  const { call } = await start();
  await call("PUT", "/v1/stream/s", undefined, { "content-type": "application/json" });
  await Promise.all(Array.from({ length: 10 }, () => call("POST", "/v1/stream/s", [1, 2, 3])));
  expect((await call("PUT", "/v1/stream/s", undefined, { "content-type": "text/plain" })).status).toBe(409);
  const series = await scrape(call);
  expect(series.get(`skein_store_commits_total{outcome="committed"}`)).toBeGreaterThanOrEqual(11);
  expect(series.get(`skein_store_commits_total{outcome="stream-exists"}`)).toBe(1);
  expect(series.get("skein_store_commits_waiting")).toBe(0);
  expect(series.get("skein_store_group_sync_seconds_count")).toBeGreaterThanOrEqual(2);
  expect(series.get("skein_store_group_commits_sum")).toBeGreaterThanOrEqual(11);
  expect(series.get("skein_store_bytes_total")).toBeGreaterThanOrEqual(30);
});

test("[OP6] live readers are counted by kind while they are there", async () => {
  const { server, call } = await start();
  await call("PUT", "/v1/stream/s", undefined, { "content-type": "application/json" });
  const readers = async () => {
    const series = await scrape(call);
    return ["sse", "long-poll", "follow"].map((kind) => series.get(`skein_live_readers{kind="${kind}"}`));
  };
  expect(await readers()).toEqual([0, 0, 0]);
  const gone = new AbortController();
  const headers = { authorization: `Bearer ${server.token}` };
  const open = async (path: string) => {
    const response = await fetch(server.url + path, { headers, signal: gone.signal });
    await response.body?.getReader().read();
  };
  await open("/v1/stream/s?offset=now&live=sse");
  await open("/v1/stream/s?offset=now&live=sse");
  await open("/_skein/follow?s=/v1/stream/s@-1");
  expect(await readers()).toEqual([2, 0, 1]);
  gone.abort();
  await expect.poll(readers, { timeout: 15_000 }).toEqual([0, 0, 0]);
});

test("[OP7] wakes, claims, expired leases, fenced handlers, runners and sessions are told", async () => {
  const { call } = await start();
  await call("PUT", "/_skein/runners/r", { types: [{ name: "hello", description: "x" }] });
  for (const id of ["a", "b"]) await call("PUT", `/hello/${id}`, {});
  const before = await scrape(call);
  expect(before.get(`skein_wakes{state="ready"}`)).toBe(2);
  expect(before.get("skein_wake_oldest_ready_seconds")).toBeGreaterThan(0);
  expect(before.get("skein_runners_online")).toBe(1);
  expect(before.get(`skein_sessions{status="running"}`)).toBe(0);
  const first = read(claim, await call("POST", "/_skein/runners/r/poll", { waitMs: 0 }));
  await call("POST", "/_skein/runners/r/poll", { waitMs: 0 });
  // The lease of 50 ms runs out, and the poll that waits takes the entity over.
  read(claim, await call("POST", "/_skein/runners/r/poll", { waitMs: 20_000 }));
  const body = { claimId: first.claimId, generation: first.generation };
  expect(failure(await call("POST", `${first.entity.url}/claim/heartbeat`, body)).code).toBe("fenced");
  const after = await scrape(call);
  expect(after.get("skein_lease_expirations_total")).toBeGreaterThanOrEqual(1);
  expect(after.get("skein_wake_wait_seconds_count")).toBeGreaterThanOrEqual(3);
  expect(after.get(`skein_http_errors_total{code="fenced"}`)).toBe(1);
});
