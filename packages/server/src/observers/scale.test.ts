import { mainStream, wakeRow, ZERO_OFFSET, type ObserveSource, type WakeCondition } from "@skein/protocol";
import { withCommit, type Operation, type Store } from "@skein/store";
import { createMemoryStore } from "@skein/store/memory";
import { expect, test } from "vitest";
import { pairId, SERVER_COLLECTIONS, type ObserverRecord } from "../records/collections.ts";
import { createFixture, declaredObservation, row } from "../testing/fixture.ts";
import { createMemoryServer } from "../testing/memory-server.ts";
import { entityRecord, idleWake } from "../testing/plan-world.ts";

const SOURCE = "/source/s";
const CHANGE: WakeCondition = { on: "change", debounceMs: 0, includeOwn: false };

/** So many entities that are idle and observe, put there as they would be after their handlers declared it. */
async function observers(
  store: Store,
  count: number,
  more: { readonly source: ObserveSource } & Partial<ObserverRecord>,
): Promise<void> {
  const put = (collection: string, id: string, value: unknown): Operation => ({
    kind: "put-record",
    collection,
    id,
    value,
  });
  for (let from = 0; from < count; from += 500) {
    const urls = Array.from({ length: Math.min(500, count - from) }, (_, n) => `/watcher/w${from + n}`);
    await store.commit(
      urls.flatMap((url): Operation[] => {
        const key = "observe:x";
        const observer: ObserverRecord = { subscriber: url, key, cursor: 0, ...more };
        return [
          { kind: "create-stream", path: mainStream(url), contentType: "application/json", ifExists: "fail" },
          put("entities", url, entityRecord(url)),
          put("wakes", url, idleWake(url)),
          put("observers", pairId(url, key), observer),
        ];
      }),
    );
  }
}

test("[WK36] a writer's commit is the same whether one or a thousand observe it, and all of them are told", async () => {
  const path = mainStream(SOURCE);
  const sizes: number[] = [];
  const inner = createMemoryStore({ collections: SERVER_COLLECTIONS });
  const store = withCommit(inner, async (operations) => {
    const outcome = await inner.commit(operations);
    const appends = operations.some((one) => one.kind === "append" && one.path === path);
    if (appends && outcome.kind === "committed") sizes.push(operations.length);
    return outcome;
  });
  const server = createMemoryServer({ store });
  const on = createFixture(server, store, () => undefined);
  await on.runner("r", ["source"]);
  await on.runner("w", ["watcher"]);
  await on.spawn(SOURCE);
  const held = await on.claim("r");
  const write = async (seq: number): Promise<void> => {
    const events = [row("state:x", "k", { key: "k" })];
    await on.committed(held, { seq, writes: [{ stream: path, events }] });
  };
  const head = (await store.getStream(path))?.head ?? 0;
  await store.commit([{ kind: "put-record", collection: "observed", id: path, value: {} }]);
  await observers(store, 1, { source: { kind: "entity", url: SOURCE }, path, wake: CHANGE, cursor: head });
  await write(1);
  const one = sizes.at(-1);
  await on.settle();
  for (const { id } of (await store.queryRecords({ collection: "entities", limit: 9 })).records) {
    if (id !== SOURCE) await on.call("DELETE", id);
  }
  await store.commit([{ kind: "delete-record", collection: "entities", id: "/watcher/w0" }]);
  await store.commit([{ kind: "delete-stream", path: mainStream("/watcher/w0") }]);
  await observers(store, 1000, { source: { kind: "entity", url: SOURCE }, path, wake: CHANGE, cursor: head + 1 });
  await write(2);
  expect(sizes.at(-1)).toBe(one);
  expect(one).toBeLessThan(8);
  await on.settle();
  const heads = await Promise.all(
    Array.from({ length: 1000 }, async (_, n) => (await store.getStream(mainStream(`/watcher/w${n}`)))?.head),
  );
  expect(new Set(heads)).toEqual(new Set([1]));
  await server.close();
});

test("[WK27] a long history is told in a few wakes that leave nothing out", async () => {
  const store = createMemoryStore({ collections: SERVER_COLLECTIONS });
  const server = createMemoryServer({ store });
  const on = createFixture(server, store, () => undefined);
  await on.runner("w", ["watcher"]);
  await on.spawn("/watcher/a");
  const board = "/_skein/shared-state/board";
  await on.call("PUT", board, undefined, { "content-type": "application/json" });
  await on.call(
    "POST",
    board,
    Array.from({ length: 12_000 }, (_, n) => row("note", `k${n}`, { key: `k${n}` })),
  );
  const held = await on.claim("w");
  const main = mainStream("/watcher/a");
  const event = declaredObservation("b", { kind: "db", id: "board" }, { on: "change" }, { from: ZERO_OFFSET });
  await on.committed(held, {
    seq: 1,
    writes: [{ stream: main, events: [event] }],
    ack: await on.tail(main),
    done: true,
  });
  await on.settle();
  const told = (await on.events(main)).filter(({ type }) => type === "wake").map(({ value }) => wakeRow.parse(value));
  const ranges = told.flatMap((wake) =>
    wake.reason === "change" ? [{ from: wake.from, to: wake.to, rows: wake.changes.length + wake.more }] : [],
  );
  expect(ranges.reduce((sum, { rows }) => sum + rows, 0)).toBe(12_000);
  expect(ranges.slice(1).map(({ from }) => from)).toEqual(ranges.slice(0, -1).map(({ to }) => to));
  expect(ranges.length).toBeLessThan(5);
  await server.close();
});

test("[WK47] ten thousand schedules cost an idle server two look-ups for each time that one is due", async () => {
  let queries = 0;
  let time = Date.UTC(2026, 0, 1);
  const inner = createMemoryStore({ collections: SERVER_COLLECTIONS, now: () => time });
  const store: Store = {
    ...inner,
    now: () => inner.now(),
    queryRecords: (query) => {
      queries += 1;
      return inner.queryRecords(query);
    },
  };
  const server = createMemoryServer({ store });
  const on = createFixture(server, store, (ms) => {
    time += ms;
  });
  const schedule = { expression: "0 9 * * *", timeZone: "UTC" };
  const due = time + 9 * 3_600_000;
  await observers(store, 10_000, { source: { kind: "cron", schedule }, tickAt: due, dueAt: due });
  const later = due - 1000;
  await store.commit([
    {
      kind: "put-record",
      collection: "observers",
      id: "/watcher/w0 observe:x",
      value: {
        subscriber: "/watcher/w0",
        key: "observe:x",
        source: { kind: "timer", at: later },
        cursor: 0,
        tickAt: later,
        dueAt: later,
      },
    },
  ]);
  await on.runner("w", ["watcher"]);
  await on.poll("w");
  queries = 0;
  expect((await on.poll("w")).status).toBe(204);
  // Twice the runner's own (calls, lanes, work, and when there is some), and one look of the server.
  expect(queries).toBeLessThan(14);
  on.advance(9 * 3_600_000 - 1000);
  queries = 0;
  await on.finish(await on.claim("w"));
  expect(queries).toBeLessThan(30);
  await server.close();
});
