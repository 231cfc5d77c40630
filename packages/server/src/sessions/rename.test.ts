import { afterEach, beforeEach, expect, test } from "vitest";
import { failure } from "../testing/caller.ts";
import { createFixture, declared, row, type Fixture } from "../testing/fixture.ts";
import { createMemoryServer, type TestServer } from "../testing/memory-server.ts";

const STREAM = "/_skein/shared-state/coder-session/a";
const titled = (key: string, title: string) =>
  row("coding_session_transcript", key, { key, ts: 1, type: "title", payload: { v: 1, type: "title", title } });

let server: TestServer;
let on: Fixture;
beforeEach(() => {
  server = createMemoryServer();
  on = createFixture(server, server.store, () => undefined);
});
afterEach(() => server.close());

test("[WB50] a person's name for a session is a row of its history, and stays when the agent finds another title", async () => {
  await on.runner("r", ["coder"]);
  await on.spawn("/coder/a", { args: { agent: "claude" } });
  const held = await on.claim("r");
  const write = async (seq: number, events: ReturnType<typeof titled>[]) =>
    on.committed(held, {
      seq,
      writes: [
        ...(seq === 1 ? [{ stream: "/coder/a/main", events: [declared("coder-session/a")] }] : []),
        { stream: STREAM, create: seq === 1, events },
      ],
      ...(seq === 1 && { tags: { set: { coderResource: "coder-session/a" } } }),
    });
  await write(1, [titled("t1", "The agent's title")]);
  const rename = async (title: unknown, id = "a") => on.call("PUT", `/_skein/sessions/${id}/title`, { title });

  expect((await rename("  Mine  ")).body).toMatchObject({ id: "a", title: "Mine" });
  // The same again changes nothing.
  expect((await rename("Mine")).status).toBe(200);
  await write(2, [titled("t2", "Another title of the agent")]);
  expect((await on.call("GET", "/_skein/sessions")).body).toMatchObject({ sessions: [{ title: "Mine" }] });
  const rows = await on.events(STREAM);
  expect(rows.map(({ value }) => value)).toMatchObject([
    { payload: { title: "The agent's title" } },
    { payload: { type: "title", title: "Mine" }, actor: "user:test" },
    { payload: { title: "Another title of the agent" } },
  ]);

  expect(failure(await rename("x", "nobody"))).toMatchObject({ code: "session_not_found" });
  for (const bad of ["", "   ", 7, "x".repeat(201)]) expect((await rename(bad)).status).toBe(400);
});
