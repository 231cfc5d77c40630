import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { createRegistry, createRunner } from "@skein/runtime";
import { createClient, type Client, type Fetch } from "@skein/runtime/client";
import { findPostgres, type PostgresCluster, startPostgres } from "@skein/store/testing";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { z } from "zod";
import { rowsOf, until } from "./harness.ts";

const bin = await findPostgres();

interface ServerProcess {
  readonly url: string;
  readonly token: string;
  /** `kill -9`, and wait until it is gone. */
  kill(): Promise<void>;
}

describe.skipIf(bin === undefined)(
  `servers in processes of their own on one PostgreSQL${bin === undefined ? " (not installed: apt-get install postgresql)" : ""}`,
  () => {
    let cluster: PostgresCluster | undefined;
    beforeAll(async () => {
      cluster = await startPostgres(bin ?? "");
    });
    afterAll(async () => cluster?.stop());

    async function startPair(): Promise<readonly [ServerProcess, ServerProcess]> {
      const database = (await cluster?.createDatabase()) ?? "";
      const pair = await Promise.all([startServer(database), startServer(database)]);
      return [pair[0], pair[1]];
    }

    test(
      "[OP1] live readers of a server that is killed go on at the other, with nothing lost or doubled",
      { timeout: 60_000 },
      async () => {
        const [first, second] = await startPair();
        const path = "/_skein/shared-state/board";
        const client = createClient({ ...second, baseUrl: second.url, fetch: globalThis.fetch });
        const create = await globalThis.fetch(`${second.url}${path}`, {
          method: "PUT",
          headers: { authorization: `Bearer ${second.token}`, "content-type": "application/json" },
        });
        expect(create.status).toBe(201);

        const count = 200;
        const readers = (["sse", "long-poll", "sse", "long-poll"] as const).map((live) => {
          const balancer = failover([first.url, second.url]);
          const reader = createClient({ baseUrl: first.url, token: first.token, fetch: balancer.fetch });
          const begun = milestone(50);
          return { balancer, begun: begun.promise, seen: collect(reader, path, live, count, begun) };
        });
        // Written through both, each message by a producer's stamp, so that repeating what the kill cut off is harmless.
        const writing = appendAll(path, first.token, count, (n) => (n % 2 ? first.url : second.url));
        await Promise.all(readers.map(({ begun }) => begun));
        await first.kill();
        await writing;
        const expected = Array.from({ length: count }, (_, n) => n);
        for (const { seen, balancer } of readers) {
          expect(await seen).toEqual(expected);
          expect(balancer.moved()).toBe(true);
        }
        const { events } = await client.readStream(path, { from: "-1" });
        expect(events).toHaveLength(count);
      },
    );

    test(
      "[OP2] a runner at one server does what is sent to the other, and goes on there when its own is killed",
      { timeout: 60_000 },
      async () => {
        const [first, second] = await startPair();
        const registry = createRegistry();
        registry.define("adder", {
          description: "Adds up.",
          state: { totals: { type: "total", primaryKey: "key", schema: z.object({ key: z.string(), n: z.number() }) } },
          handler(ctx, wake) {
            const before = ctx.state.totals.get("all")?.n ?? 0;
            ctx.state.totals.upsert({ key: "all", n: before + wake.messages.length });
          },
        });
        const balancer = failover([first.url, second.url]);
        const runner = createRunner({
          fetch: balancer.fetch,
          baseUrl: first.url,
          token: first.token,
          registry,
          id: "wandering",
          log: () => undefined,
        });
        onTestFinished(() => runner.stop());
        await runner.start();
        const client = createClient({ baseUrl: second.url, token: second.token, fetch: globalThis.fetch });
        const { url } = await client.spawn("adder", "one");
        const send = async (n: number) => {
          for (let each = 0; each < n; each++) await client.send(url, { payload: each });
        };
        const total = (n: number) =>
          until(client, `${url}/main`, (rows) => totalOf(rows.rows("total").get("all")) === n, 20_000);
        await send(5);
        await total(5);
        expect(balancer.moved()).toBe(false);
        await send(3);
        await first.kill();
        await send(3);
        expect(rowsOf(await total(11), "total")).toEqual([{ key: "all", n: 11 }]);
        expect(balancer.moved()).toBe(true);
      },
    );
  },
);

function totalOf(row: unknown): number | undefined {
  return z.object({ n: z.number() }).safeParse(row).data?.n;
}

async function startServer(database: string): Promise<ServerProcess> {
  const entry = fileURLToPath(new URL("./postgres-server.ts", import.meta.url));
  const child = fork(entry, [database], {
    execArgv: ["--import", "tsx", "--conditions=@skein/source"],
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  onTestFinished(() => kill(child));
  const [message]: unknown[] = await once(child, "message");
  const { url, token } = z.object({ url: z.string(), token: z.string() }).parse(message);
  return { url, token, kill: () => kill(child) };
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill("SIGKILL");
  await once(child, "exit");
}

/** What a load balancer does: requests go to one server until it cannot be reached, and then to the next. */
function failover(urls: readonly string[]): { readonly fetch: Fetch; moved(): boolean } {
  let at = 0;
  return {
    moved: () => at > 0,
    async fetch(request) {
      const origin = urls[at] ?? "";
      const target = request.url.replace(urls[0] ?? "", origin);
      try {
        return await globalThis.fetch(new Request(target, request));
      } catch (error) {
        if (!request.signal.aborted && urls[at] === origin && at + 1 < urls.length) at += 1;
        throw error;
      }
    },
  };
}

interface Milestone {
  readonly promise: Promise<void>;
  /** The reader has seen so many. */
  reached(count: number): void;
}

/** Passed once a reader has seen so many messages. */
function milestone(target: number): Milestone {
  let pass = (): void => undefined;
  const promise = new Promise<void>((resolve) => {
    pass = resolve;
  });
  return { promise, reached: (count) => (count >= target ? pass() : undefined) };
}

async function collect(
  client: Client,
  path: string,
  live: "sse" | "long-poll",
  count: number,
  begun: Milestone,
): Promise<number[]> {
  const seen: number[] = [];
  for await (const { events } of client.followStream({ path, live, signal: AbortSignal.timeout(50_000) })) {
    for (const event of events) seen.push(z.object({ value: z.object({ n: z.number() }) }).parse(event).value.n);
    begun.reached(seen.length);
    if (seen.length >= count) return seen;
  }
  return seen;
}

/** One message after the other; each is sent again, to the server that is left, until it is answered. */
async function appendAll(path: string, token: string, count: number, serverOf: (n: number) => string): Promise<void> {
  for (let n = 0; n < count; n++) {
    const body = JSON.stringify({ type: "note", key: String(n), value: { n }, headers: { operation: "insert" } });
    const headers = {
      authorization: `Bearer ${token}`,
      "content-type": "application/json",
      "producer-id": "writer",
      "producer-epoch": "0",
      "producer-seq": String(n),
    };
    const post = (url: string) => new Request(`${url}${path}`, { method: "POST", headers, body });
    const response = await globalThis.fetch(post(serverOf(n))).catch(() => globalThis.fetch(post(serverOf(n + 1))));
    if (!response.ok) throw new Error(`${response.status}: ${await response.text()}`);
  }
}
