import { createMemoryStore } from "@skein/store/memory";
import { afterEach, beforeEach, expect, test } from "vitest";
import { SERVER_COLLECTIONS } from "../records/collections.ts";
import { createCaller, failure } from "../testing/caller.ts";
import { createFixture, row, type Fixture } from "../testing/fixture.ts";
import { interceptStore, touches, type InterceptedStore } from "../testing/intercept.ts";
import { createMemoryServer, type TestServer } from "../testing/memory-server.ts";

/** Two requests whose commits fall between each other's plan and commit. */
let server: TestServer;
let on: Fixture;
let intercepted: InterceptedStore;
let time = 1_000_000;

beforeEach(async () => {
  intercepted = interceptStore(createMemoryStore({ collections: SERVER_COLLECTIONS, now: () => time }));
  server = createMemoryServer({ store: intercepted.store });
  on = createFixture(server, intercepted.store, (ms) => {
    time += ms;
  });
  await on.runner("r", ["hello"]);
  await on.spawn("/hello/a", { initialMessage: { payload: 0 } });
});
afterEach(() => server.close());

test("[WK13] a message that comes between a claim's last look and its end is seen by it", async () => {
  const held = await on.claim("r");
  const ack = await on.tail("/hello/a/main");
  intercepted.before(touches("put-record", "wakes"), () => on.send("/hello/a", { payload: 1 }));
  expect((await on.committed(held, { seq: 1, ack, done: true })).more).toBe(true);
  expect((await on.claim("r")).from).toBe(ack);
});

test("[WK13] a message that is planned under a claim and committed after its end makes the entity ready", async () => {
  const held = await on.claim("r");
  intercepted.before(touches("check-record", "wakes"), () => on.finish(held));
  await on.send("/hello/a", { payload: 1 });
  expect((await on.claim("r")).generation).toBe(2);
});

test("[WK2] a commit that is overtaken by another claim after it was judged is refused by the store", async () => {
  const held = await on.claim("r");
  const writes = [{ stream: "/hello/a/main", events: [row("state:x", "k", { key: "k" })] }];
  intercepted.before(
    (operations) => operations.some((operation) => operation.kind === "append" && operation.producer?.seq === 1),
    async () => {
      time += held.leaseMs;
      await on.claim("r");
    },
  );
  expect(failure(await on.commit(held, { seq: 1, writes })).code).toBe("fenced");
  expect((await on.events("/hello/a/main")).map(({ type }) => type)).toEqual(["entity_created", "inbox"]);
});

test("[EN19] a commit that a kill overtakes is fenced, and a send is told that the entity ended", async () => {
  const held = await on.claim("r");
  const isSend = touches("check-record", "wakes");
  intercepted.before(isSend, () => on.call("DELETE", "/hello/a"));
  expect(failure(await on.call("POST", "/hello/a/send", { payload: 1 })).code).toBe("entity_ended");
  expect(failure(await on.commit(held, { seq: 1 })).code).toBe("fenced");
});

test("[WK10] a driver that is overtaken after it was judged is refused", async () => {
  const stream = "/_skein/shared-state/coder-session/s";
  const key = "shared-state:coder-session/s";
  const manifest = row("manifest", key, { key, kind: "shared-state", id: "coder-session/s", mode: "create" });
  const write = (url: string) => [
    { stream: `${url}/main`, events: [manifest] },
    { stream, create: true, events: [row("x", url, {})] },
  ];
  const first = await on.claim("r");
  await on.committed(first, { seq: 1, writes: write("/hello/a") });
  await on.runner("other", ["second"]);
  await on.spawn("/second/b");
  const second = await on.claim("other");
  intercepted.before(touches("check-record", "resources"), async () => {
    time += first.leaseMs - 1;
    const { claimId, generation } = second;
    await on.call("POST", "/second/b/claim/heartbeat", { claimId, generation });
    time += 1;
    await on.committed(second, { seq: 1, writes: write("/second/b") });
  });
  expect(failure(await on.commit(first, { seq: 2, writes: write("/hello/a") })).code).toBe("fenced");
  expect((await on.events(stream)).map(({ key: by }) => by)).toEqual(["/hello/a", "takeover:s:1", "/second/b"]);
});

test("[WK20] a claim that is made while its caller hangs up is given back", async () => {
  const gone = new AbortController();
  intercepted.before(touches("put-record", "wakes"), () => gone.abort());
  const request = new Request(`${server.url}/_skein/runners/r/poll`, {
    method: "POST",
    headers: { authorization: `Bearer ${server.token}` },
    body: JSON.stringify({ waitMs: 10_000 }),
    signal: gone.signal,
  });
  expect((await server.fetch(request)).status).toBe(204);
  expect(await createCaller(server)("GET", "/hello/a")).toMatchObject({ body: { status: "idle" } });
  expect((await on.claim("r")).generation).toBe(2);
});

test("[EN5] of two spawns of one entity at once, one makes it", async () => {
  intercepted.before(touches("put-record", "entities"), () => on.spawn("/hello/b", { args: { n: 1 } }));
  expect(failure(await on.call("PUT", "/hello/b", { args: { n: 2 } })).code).toBe("entity_exists");
  intercepted.before(touches("put-record", "entities"), () => on.spawn("/hello/c", { args: { n: 1 } }));
  expect((await on.call("PUT", "/hello/c", { args: { n: 1 } })).status).toBe(200);
});
