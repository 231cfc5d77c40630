import { formatOffset, type Claim } from "@skein/protocol";
import { afterEach, beforeEach, expect, test } from "vitest";
import { failure } from "../testing/caller.ts";
import { createFixture, declared, row, type Fixture } from "../testing/fixture.ts";
import { createMemoryServer, type TestServer } from "../testing/memory-server.ts";

const CODER = {
  name: "coder",
  description: "A coder.",
  fork: { omitArgs: ["resource"], omitTags: ["nativeSession"] },
};
const stream = (id: string) => `/_skein/shared-state/coder-session/${id}`;
const turn = (n: number) => [
  row("coding_session_transcript", `p${n}`, {
    key: `p${n}`,
    ts: n,
    type: "user_message",
    payload: { v: 1, type: "user_message", text: `prompt ${n}` },
  }),
  row("coding_session_transcript", `p${n}:end`, {
    key: `p${n}:end`,
    ts: n,
    type: "turn_complete",
    payload: { v: 1, type: "turn_complete", success: true, usage: { costUsd: 1 } },
  }),
];

let server: TestServer;
let on: Fixture;
let held: Claim;
beforeEach(async () => {
  server = createMemoryServer();
  on = createFixture(server, server.store, () => undefined);
  await on.runner("r", [CODER, "plain"]);
  const args = { agent: "claude", resource: "old", of: ["coder-session/a", { deep: "coder-session/a" }] };
  await on.spawn("/coder/a", { args, tags: { mine: "yes", nativeSession: "n1" } });
  held = await on.claim("r");
  await on.committed(held, {
    seq: 1,
    writes: [
      { stream: "/coder/a/main", events: [declared("coder-session/a")] },
      { stream: stream("a"), create: true, events: [...turn(1), ...turn(2)] },
    ],
    tags: { set: { coderResource: "coder-session/a" } },
  });
});
afterEach(() => server.close());

const fork = (id: string, body: object = {}, of = "a") => on.call("POST", `/coder/${of}/fork`, { id, ...body });

test("[FK14] what cannot be forked is refused and leaves nothing; the same request again is the same fork", async () => {
  const before = await on.dump();
  const refused: [Promise<Awaited<ReturnType<typeof fork>>>, string][] = [
    [fork("b", { at: "no such row" }), "not_found"],
    [fork("b", { at: formatOffset(5) }), "invalid_request"],
    [fork("../b"), "invalid_request"],
    [fork("b", {}, "nobody"), "not_found"],
    [fork("a"), "entity_exists"],
    [on.call("POST", "/plain/x/fork", {}), "not_found"],
  ];
  for (const [answer, code] of refused) expect(failure(await answer).code).toBe(code);
  expect(await on.dump()).toEqual(before);
  await on.spawn("/plain/x");
  expect(failure(await on.call("POST", "/plain/x/fork", {})).code).toBe("invalid_request");

  const first = await fork("b", { at: "p1:end" });
  expect(first.status).toBe(201);
  const after = await on.dump();
  const again = await fork("b", { at: "p1:end" });
  expect([again.status, again.body]).toEqual([200, first.body]);
  expect(failure(await fork("b", { at: "p2" })).code).toBe("entity_exists");
  expect(await on.dump()).toEqual(after);
  expect((await on.call("POST", "/coder/a/fork", {})).status).toBe(201);
});

test("[FK14] of many who ask for the same fork at once one makes it, while the origin goes on", async () => {
  const writing = (async () => {
    for (let seq = 2; seq < 12; seq += 1) {
      await on.committed(held, { seq, writes: [{ stream: stream("a"), events: turn(seq + 1) }] });
    }
  })();
  const answers = await Promise.all(Array.from({ length: 8 }, () => fork("b", { at: "p2:end" })));
  await writing;
  expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([
    ...Array.from({ length: 7 }, () => 200),
    201,
  ]);
  expect((await on.events(stream("b"))).map(({ key }) => key)).toEqual(["p1", "p1:end", "p2", "p2:end"]);
  expect(await on.events(stream("a"))).toHaveLength(24);
});

test("[FK15] what names the origin's resource names the fork's own, and what is the origin's alone stays with it", async () => {
  const { body } = await fork("b", { at: "p1:end", agent: "codex", tags: { more: "tags" } });
  expect(body).toMatchObject({
    url: "/coder/b",
    args: { agent: "codex", of: ["coder-session/b", { deep: "coder-session/b" }] },
    tags: { mine: "yes", more: "tags", coderResource: "coder-session/b" },
    forkedFrom: { entity: "/coder/a", resource: "coder-session/a", offset: formatOffset(2), row: "p1:end" },
  });
  expect(body).not.toHaveProperty("args.resource");
  expect(body).not.toHaveProperty("tags.nativeSession");
  expect(body).not.toHaveProperty("forkRequest");
  const own = await on.claim("r");
  expect(own.entity).toMatchObject({ url: "/coder/b", forkedFrom: { entity: "/coder/a" } });
  const foreign = { seq: 1, writes: [{ stream: stream("a"), events: turn(9) }] };
  expect(failure(await on.commit(own, foreign)).code).toBe("forbidden");
});

test("[FK16] the list shows of a fork where it is from, and of its origin its forks; a fork has cost nothing yet", async () => {
  await on.committed(held, { seq: 2, writes: [{ stream: stream("a"), events: turn(3) }] });
  await fork("b", { at: "p1:end", agent: "codex" });
  await fork("c");
  const [a, b, c] = await Promise.all(
    ["a", "b", "c"].map(async (id) => (await on.call("GET", `/_skein/sessions/${id}`)).body),
  );
  expect(a).toMatchObject({ forkCount: 2, costUsd: 3, turns: 3 });
  expect(a).toHaveProperty("forks", [
    {
      session: "b",
      coder: "/coder/b",
      agent: "codex",
      offset: formatOffset(2),
      row: "p1:end",
      createdAt: expect.any(Number),
    },
    { session: "c", coder: "/coder/c", agent: "claude", offset: formatOffset(6), createdAt: expect.any(Number) },
  ]);
  const from = { session: "a", coder: "/coder/a", offset: formatOffset(2), row: "p1:end" };
  expect(b).toMatchObject({
    id: "b",
    agent: "codex",
    title: "prompt 1",
    lastLine: "prompt 1",
    turns: 0,
    forkedFrom: from,
  });
  expect(b).not.toHaveProperty("costUsd");
  expect(c).toMatchObject({ lastLine: "prompt 3", status: "initializing", coder: "/coder/c", pending: [] });

  await on.call("DELETE", "/coder/b");
  expect((await on.call("DELETE", "/_skein/sessions/b")).status).toBe(204);
  expect((await on.call("GET", "/_skein/sessions/a")).body).toMatchObject({ forks: [{ session: "c" }] });
  expect(failure(await fork("d", {}, "b")).code).toBe("stream_gone");
});
