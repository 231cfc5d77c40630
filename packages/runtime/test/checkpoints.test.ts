import { createRegistry, createRunner, db, type Registry } from "@skein/runtime";
import { createClient, type Fetch } from "@skein/runtime/client";
import { createMemoryServer, type TestServer } from "@skein/server/testing";
import { expect, onTestFinished, test } from "vitest";
import { z } from "zod";
import { deferred } from "./harness.ts";

const item = z.object({ key: z.string(), n: z.number() });
const state = { items: { type: "item", primaryKey: "key", schema: item } } as const;
const board = { cards: { type: "card", primaryKey: "key", schema: item } } as const;
const ROUNDS = 700;

/** What the handler saw of everything it can see. */
interface Seen {
  readonly items: unknown[];
  readonly cards: unknown[];
  readonly inbox: unknown[];
  readonly messages: unknown[];
}

/** Reports what it sees; then writes as many changes of three rows as it is told. */
function registryOf(saw: (seen: Seen) => void, remember?: number): Registry {
  const registry = createRegistry();
  registry.define("thing", {
    description: "Writes much about little.",
    state,
    ...(remember !== undefined && { remember }),
    async handler(ctx, { messages }) {
      const { cards } = ctx.firstWake ? await ctx.mkdb("board", board) : await ctx.observe(db("board", board));
      saw({
        items: [...ctx.state.items],
        cards: [...cards],
        inbox: [...ctx.db.inbox].map(({ payload }) => payload),
        messages: messages.map(({ payload }) => payload),
      });
      for (const { payload } of messages) {
        const rounds = z.number().safeParse(payload).data ?? 0;
        for (let n = 0; n < rounds; n += 1) {
          ctx.state.items.upsert({ key: `k${n % 3}`, n });
          cards.upsert({ key: `c${n % 3}`, n });
        }
      }
    },
  });
  return registry;
}

interface Cold {
  readonly seen: Seen;
  /** Messages read, by stream. */
  readonly read: Readonly<Record<string, number>>;
  readonly checkpoints: readonly string[];
}

/** One message to the entity, dealt with by a runner that has nothing warm. */
function coldWakes(server: TestServer, remember?: number) {
  const direct: Fetch = (request) => server.fetch(request);
  const connection = { baseUrl: server.url, token: server.token };
  const client = createClient({ ...connection, fetch: direct });
  let count = 0;
  return {
    client,
    async wake(payload: unknown): Promise<Cold> {
      const read: Record<string, number> = {};
      const checkpoints: string[] = [];
      const seen = deferred<Seen>();
      const runner = createRunner({
        ...connection,
        async fetch(request) {
          const response = await direct(request);
          const { pathname, searchParams } = new URL(request.url);
          if (pathname.endsWith("/checkpoint")) checkpoints.push(`${request.method} ${response.status}`);
          if (response.ok && request.method === "GET" && searchParams.has("offset") && !searchParams.has("live")) {
            const body = z.array(z.unknown()).parse(await response.clone().json());
            read[pathname] = (read[pathname] ?? 0) + body.length;
          }
          return response;
        },
        registry: registryOf((what) => seen.resolve(what), remember),
        id: `cold-${(count += 1)}`,
        log: () => undefined,
      });
      await runner.start();
      if (count === 1) await client.spawn("thing", "one", { initialMessage: { payload } });
      else await client.send("/thing/one", { payload });
      const result = await seen.promise;
      await runner.stop({ drainMs: 20_000 });
      return { seen: result, read, checkpoints };
    },
  };
}

const BOARD = "/_skein/shared-state/board";

test("[CP6] a cold wake reads the checkpoint and what came since, and sees what a handler sees that read everything", async () => {
  const server = createMemoryServer();
  onTestFinished(() => server.close());
  const cold = coldWakes(server);
  await cold.wake(ROUNDS);
  // What a handler leaves to its last commit is news to the next one.
  const first = await cold.wake("one");
  expect(first.read[BOARD]).toBe(ROUNDS);
  expect(first.checkpoints).toEqual(["GET 404", "PUT 204", "PUT 204"]);
  const second = await cold.wake("two");
  expect(second.read["/thing/one/main"]).toBeLessThan(10);
  expect(second.read[BOARD]).toBe(0);
  expect(second.checkpoints).toEqual(["GET 200", "GET 200"]);
  const last = (n: number, key: string): object => ({ key, n });
  expect(second.seen).toEqual({
    items: [last(699, "k0"), last(697, "k1"), last(698, "k2")],
    cards: [last(699, "c0"), last(697, "c1"), last(698, "c2")],
    inbox: [ROUNDS, "one", "two"],
    messages: ["two"],
  });
  // Spoilt checkpoints: everything is read, and the handler sees the same.
  for (const name of ["main", "_skein/shared-state/board"]) await spoil(server, `/thing/one/checkpoint/${name}`);
  const third = await cold.wake("three");
  expect(third.read["/thing/one/main"]).toBeGreaterThan(ROUNDS);
  expect(third.read[BOARD]).toBe(ROUNDS);
  expect(third.seen).toEqual({ ...second.seen, inbox: [ROUNDS, "one", "two", "three"], messages: ["three"] });
  // They were made again: what was read without one is news.
  expect(third.checkpoints).toEqual(["GET 200", "GET 200", "PUT 204", "PUT 204"]);
  expect((await cold.wake("four")).read[BOARD]).toBe(0);
});

test("[CP2][CP6] an entity that remembers little is given all that is new, and a cold wake reads no more of a long inbox", async () => {
  const server = createMemoryServer();
  onTestFinished(() => server.close());
  const cold = coldWakes(server, 3);
  await cold.wake(0);
  for (let n = 0; n < 600; n += 1) await cold.client.send("/thing/one", { payload: `m${n}` });
  const many = await cold.wake("last");
  expect(many.seen.messages).toHaveLength(601);
  expect(many.seen.inbox).toHaveLength(602);
  const after = await cold.wake("next");
  expect(after.read["/thing/one/main"]).toBeLessThan(10);
  expect(after.seen).toMatchObject({ inbox: ["m598", "m599", "last", "next"], messages: ["next"] });
});

test("[CP3] small entities ask for no checkpoint and write none, and a warm one is told nothing twice", async () => {
  const server = createMemoryServer();
  onTestFinished(() => server.close());
  const cold = coldWakes(server);
  await cold.wake(100);
  const second = await cold.wake(100);
  expect(second.checkpoints).toEqual(["GET 404"]);
  expect(second.read["/thing/one/main"]).toBeGreaterThan(100);
});

/** Puts other bytes in the place of a checkpoint's content. */
async function spoil({ store }: TestServer, path: string): Promise<void> {
  const kept = await store.readStream(path, { from: 0, limit: 1 });
  const [head] = kept.kind === "read" ? kept.messages : [];
  if (!head) throw new Error(`There is no ${path}.`);
  await store.commit([
    { kind: "delete-stream", path },
    { kind: "create-stream", path, contentType: "application/octet-stream", ifExists: "fail" },
    { kind: "append", path, messages: [head.body, new TextEncoder().encode("{}\n[]")], close: true },
  ]);
}
