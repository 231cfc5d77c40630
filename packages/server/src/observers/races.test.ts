import { mainStream, type ChangeEvent, type Claim } from "@skein/protocol";
import type { Operation } from "@skein/store";
import { createMemoryStore } from "@skein/store/memory";
import { afterEach, beforeEach, expect, test } from "vitest";
import { SERVER_COLLECTIONS } from "../records/collections.ts";
import { createFixture, declaredObservation, row, type Fixture } from "../testing/fixture.ts";
import { interceptStore, touches, type InterceptedStore } from "../testing/intercept.ts";
import { createMemoryServer, type TestServer } from "../testing/memory-server.ts";

/** Declarations and appends whose commits fall between each other's plan and commit, at two servers. */
let servers: readonly TestServer[];
let here: Fixture;
let there: Fixture;
let intercepted: InterceptedStore;
let source: Claim;

const SOURCE = "/source/s";
const WATCHER = "/watcher/w";
const observation = declaredObservation("s", { kind: "entity", url: SOURCE }, { on: "change" });

beforeEach(async () => {
  intercepted = interceptStore(createMemoryStore({ collections: SERVER_COLLECTIONS }));
  servers = [createMemoryServer({ store: intercepted.store }), createMemoryServer({ store: intercepted.store })];
  const [first, second] = servers.map((server) => createFixture(server, intercepted.store, () => undefined));
  if (!first || !second) throw new Error("There are two servers.");
  here = first;
  there = second;
  await here.runner("s", ["source"]);
  await here.runner("w", ["watcher"]);
  await here.spawn(SOURCE);
  source = await here.claim("s");
  await here.spawn(WATCHER);
});
afterEach(async () => {
  for (const { server } of servers) server.close();
  await intercepted.store.close();
});

async function declare(at: Fixture, event: ChangeEvent): Promise<void> {
  const held = await at.claim("w");
  const stream = mainStream(held.entity.url);
  await at.committed(held, { seq: 1, writes: [{ stream, events: [event] }], ack: await at.tail(stream), done: true });
}
const write = (at: Fixture, seq: number, key: string) =>
  at.committed(source, {
    seq,
    writes: [{ stream: mainStream(SOURCE), events: [row("state:x", key, { key })] }],
  });
const told = async (url = WATCHER): Promise<string[]> => {
  await here.settle();
  return (await here.events(mainStream(url)))
    .filter(({ type }) => type === "wake")
    .flatMap(({ value }) => (value as { changes: { key: string }[] }).changes.map(({ key }) => key));
};
const isFresh = (value: unknown): boolean => typeof value === "object" && value !== null && "fresh" in value;
const appends = (operations: readonly Operation[]): boolean =>
  operations.some(
    (operation) =>
      operation.kind === "append" && operation.path === mainStream(SOURCE) && operation.messages.length > 0,
  );

test("[WK45] an append between a declaration's plan and its commit is told", async () => {
  intercepted.before(touches("put-record", "observers"), () => write(there, 1, "between"));
  await declare(here, observation);
  expect(await told()).toEqual(["between"]);
});

test("[WK45] an append that was planned before a declaration and comes behind it is told", async () => {
  intercepted.before(appends, () => declare(there, observation));
  await write(here, 1, "behind");
  expect(await told()).toEqual(["behind"]);
});

test("[WK45] a server that knew of no observers, or of some that are gone, finds out by its next append", async () => {
  await write(here, 1, "before");
  await declare(there, observation);
  await write(here, 2, "first");
  await here.finish(await here.claim("w"));
  await here.send(WATCHER, { payload: 1 });
  await declare(there, row("manifest", "observe:s", undefined, "delete"));
  // Told to nobody: the one who looks takes the stream's mark away, and the other server does not know of that.
  await write(there, 3, "nobody");
  await there.settle();
  expect(await here.store.getRecord("observed", mainStream(SOURCE))).toBeUndefined();
  await write(here, 4, "still nobody");
  await here.send(WATCHER, { payload: 2 });
  await declare(here, observation);
  await write(there, 5, "second");
  expect(await told()).toEqual(["first", "second"]);
});

test("[WK45] a server that is slow to note that it has told takes no later change with it", async () => {
  await declare(here, observation);
  await write(here, 1, "one");
  await here.settle();
  await there.settle();
  intercepted.before(
    (operations) =>
      operations.some((one) => one.kind === "put-record" && one.collection === "news" && !isFresh(one.value)),
    async () => {
      await there.settle();
      await write(there, 3, "three");
    },
  );
  await write(here, 2, "two");
  expect(await told()).toEqual(["one", "two", "three"]);
});

test("[WK45] a declaration keeps the stream that is being given up", async () => {
  await declare(here, observation);
  await here.call("DELETE", WATCHER);
  await here.spawn("/watcher/late");
  const other = declaredObservation("other", { kind: "entity", url: SOURCE }, { on: "change" });
  intercepted.before(touches("delete-record", "observed"), () => declare(there, other));
  await write(here, 1, "one");
  await here.settle();
  await write(here, 2, "two");
  expect(await told("/watcher/late")).toEqual(["two"]);
});
