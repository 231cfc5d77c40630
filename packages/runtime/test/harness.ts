import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createEmbeddedServer, type EmbeddedServer } from "@skein/server/presets";
import { createMemoryServer, type TestServerOptions } from "@skein/server/testing";
import { createRunner, type Registry, type Runner, type RunnerOptions } from "@skein/runtime";
import { createClient, createFold, type Client, type Fetch, type Fold } from "@skein/runtime/client";
import { onTestFinished } from "vitest";

/** A server with a runner over it, both ended with the test. */
export interface World {
  readonly client: Client;
  readonly runner: Runner;
  readonly logs: string[];
}

export interface WorldOptions extends TestServerOptions {
  readonly runner?: Partial<RunnerOptions>;
  /** `socket`: SQLite behind HTTP on a free port. Default: in memory, by direct call. */
  readonly over?: "direct call" | "socket";
  /** Between the runner and the server. */
  readonly between?: (request: Request, fetch: Fetch) => Promise<Response>;
}

export async function startWorld(
  registry: Registry,
  { runner: own, between, over, ...options }: WorldOptions = {},
): Promise<World> {
  const server = over === "socket" ? await socketServer() : createMemoryServer(options);
  onTestFinished(() => server.close());
  const logs: string[] = [];
  const fetch: Fetch = over === "socket" ? globalThis.fetch : (request) => server.fetch(request);
  const connection = { fetch, baseUrl: server.url, token: server.token };
  const runner = createRunner({
    ...connection,
    fetch: between ? (request) => between(request, fetch) : fetch,
    registry,
    id: "test-runner",
    log: (level, text) => logs.push(`${level} ${text}`),
    ...own,
  });
  onTestFinished(() => runner.stop());
  await runner.start();
  return { client: createClient(connection), runner, logs };
}

async function socketServer(): Promise<EmbeddedServer> {
  const home = await mkdtemp(join(tmpdir(), "skein-runtime-"));
  onTestFinished(() => rm(home, { recursive: true, force: true }));
  return createEmbeddedServer({ home, port: 0, log: () => undefined });
}

/** Follows a stream until its fold is as wanted, and answers the fold. */
export async function until(client: Client, path: string, done: (fold: Fold) => boolean, ms = 10_000): Promise<Fold> {
  const fold = createFold();
  const signal = AbortSignal.timeout(ms);
  for await (const { events } of client.followStream({ path, signal, missingMs: ms })) {
    fold.apply(events, 0);
    if (done(fold)) return fold;
  }
  const seen = fold
    .types()
    .map((type) => `${type}: ${JSON.stringify([...fold.rows(type).entries()].map((row) => row.value))}`);
  throw new Error(`${path} did not become as expected. Rows:\n${seen.join("\n")}`);
}

/** The rows of an event type, as plain values in their order. */
export function rowsOf(fold: Fold, type: string): unknown[] {
  return [...fold.rows(type).entries()].map(({ value }) => value);
}

export interface Deferred<T> {
  readonly promise: Promise<T>;
  resolve(value: T): void;
}
export function deferred<T = void>(): Deferred<T> {
  let resolve: (value: T) => void = () => undefined;
  const promise = new Promise<T>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}

/** Resolves when the signal aborts, with its reason. */
export function aborted(signal: AbortSignal): Promise<unknown> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(signal.reason);
    else signal.addEventListener("abort", () => resolve(signal.reason), { once: true });
  });
}
