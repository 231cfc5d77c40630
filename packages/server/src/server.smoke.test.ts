import { claim, claimCommitResult, entity, sendResult, ZERO_OFFSET } from "@skein/protocol";
import { expect, test } from "vitest";
import { createCaller, read } from "./testing/caller.ts";
import { createMemoryServer } from "./testing/memory-server.ts";

test("a message goes from a sender through a runner into the history", async () => {
  const server = createMemoryServer();
  const call = createCaller(server);
  read(
    entity.partial(),
    await call("PUT", "/_skein/runners/r1", { types: [{ name: "hello", description: "Says hello" }] }),
  );
  const spawned = await call("PUT", "/hello/a", { args: { x: 1 }, initialMessage: { payload: "hi" } });
  expect(spawned.status).toBe(201);
  const work = read(claim, await call("POST", "/_skein/runners/r1/poll", { waitMs: 0 }));
  expect(work).toMatchObject({ generation: 1, from: ZERO_OFFSET, entity: { url: "/hello/a", status: "running" } });
  const main = await call("GET", `/hello/a/main?offset=${ZERO_OFFSET}`);
  expect(main.body).toMatchObject([
    { type: "entity_created" },
    { type: "inbox", value: { payload: "hi", from: "user:test" } },
  ]);
  const ref = { claimId: work.claimId, generation: work.generation };
  const done = await call("POST", "/hello/a/claim/commit", {
    ...ref,
    seq: 1,
    writes: [
      {
        stream: "/hello/a/main",
        events: [{ type: "state:x", key: "k", value: { key: "k" }, headers: { operation: "insert" } }],
      },
    ],
    ack: main.headers.get("stream-next-offset"),
    done: true,
  });
  expect(read(claimCommitResult, done)).toMatchObject({ duplicate: false, more: false });
  expect((await call("POST", "/_skein/runners/r1/poll", { waitMs: 0 })).status).toBe(204);
  const sent = read(sendResult, await call("POST", "/hello/a/send", { payload: "again" }));
  expect(sent.duplicate).toBe(false);
  const again = read(claim, await call("POST", "/_skein/runners/r1/poll", { waitMs: 0 }));
  expect(again.generation).toBe(2);
  await server.close();
});
