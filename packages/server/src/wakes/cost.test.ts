import type { ReadRange, Store } from "@skein/store";
import { createMemoryStore } from "@skein/store/memory";
import { expect, test } from "vitest";
import { SERVER_COLLECTIONS } from "../records/collections.ts";
import { createFixture, row } from "../testing/fixture.ts";
import { createMemoryServer } from "../testing/memory-server.ts";

/** What the server reads of streams, and how often it writes. */
function countingStore(inner: Store) {
  const reads: { path: string; range: ReadRange; messages: number }[] = [];
  let commits = 0;
  const store: Store = {
    ...inner,
    now: () => inner.now(),
    async readStream(path, range) {
      const outcome = await inner.readStream(path, range);
      reads.push({ path, range, messages: outcome.kind === "read" ? outcome.messages.length : 0 });
      return outcome;
    },
    async commit(operations) {
      commits += 1;
      return inner.commit(operations);
    },
  };
  return { store, reads, commits: () => commits };
}

test("[WK15] telling of a run reads that run, and a wake reads nothing, whatever the history", async () => {
  const counting = countingStore(createMemoryStore({ collections: SERVER_COLLECTIONS }));
  const server = createMemoryServer({ store: counting.store });
  const on = createFixture(server, counting.store, () => undefined);
  await on.runner("r", ["hello"]);
  await on.spawn("/hello/parent");
  await on.finish(await on.claim("r"));
  await on.spawn("/hello/a", { wake: { subscriber: "/hello/parent", on: "runFinished" } });
  const held = await on.claim("r");
  const writes = (events: ReturnType<typeof row>[]) => [{ stream: "/hello/a/main", events }];
  const history = Array.from({ length: 3000 }, (_, n) => row("state:x", `k${n}`, { key: `k${n}` }));
  await on.committed(held, { seq: 1, writes: writes(history) });
  const run = { key: "1-0", status: "started", startedAt: 1 };
  await on.committed(held, {
    seq: 2,
    writes: writes([row("run", "1-0", run), row("run_text", "1-0:0", { runId: "1-0", text: "a" })]),
  });

  counting.reads.length = 0;
  const before = counting.commits();
  await on.committed(held, { seq: 3, writes: writes([row("run", "1-0", { ...run, status: "completed" })]) });
  await on.send("/hello/a", { payload: 1 });
  expect(counting.reads.map(({ messages }) => messages)).toEqual([2]);
  expect(counting.commits() - before).toBe(2);

  const { tails } = await on.committed(held, { seq: 4, writes: [] });
  counting.reads.length = 0;
  await on.committed(held, { seq: 5, ack: tails["/hello/a/main"] ?? "", done: true });
  await on.claim("r");
  expect(counting.reads.map(({ messages }) => messages)).toEqual([0]);
  await server.close();
});
