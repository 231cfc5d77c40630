import { createMemoryServer, type TestServer, type TestServerOptions } from "@skein/server/testing";
import { createRunner, type Registry, type Runner, type RunnerOptions } from "@skein/runtime";
import { createClient, createFold, type Client, type Fetch, type Fold } from "@skein/runtime/client";
import { onTestFinished } from "vitest";

/** A server in memory with a runner over it, both ended with the test. */
export interface World {
  readonly server: TestServer;
  readonly client: Client;
  readonly runner: Runner;
  readonly logs: string[];
}

export interface WorldOptions extends TestServerOptions {
  readonly runner?: Partial<RunnerOptions>;
  /** Between the runner and the server. */
  readonly between?: (request: Request, fetch: Fetch) => Promise<Response>;
}

export async function startWorld(
  registry: Registry,
  { runner: own, between, ...options }: WorldOptions = {},
): Promise<World> {
  const server = createMemoryServer(options);
  onTestFinished(() => server.close());
  const logs: string[] = [];
  const fetch: Fetch = (request) => server.fetch(request);
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
  return { server, client: createClient(connection), runner, logs };
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
