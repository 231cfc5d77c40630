import { sessionPage, session } from "@skein/protocol";
import { CODER_RESOURCE_TAG, CODER_RUN_STATUS_EVENT, SESSION_INFO_EVENT, TRANSCRIPT_EVENT } from "@skein/sessions";
import { expect, test } from "vitest";
import { createCaller, failure, read } from "../caller.ts";
import { declared, row, type Fixture } from "../fixture.ts";

const SHARED = "/_skein/shared-state";
const SESSION = `${SHARED}/coder-session/s1`;

export function resourceRules(on: () => Fixture): void {
  streamRules(on);
  sessionRules(on);
}

function streamRules(on: () => Fixture): void {
  test("[RS1] with the token a shared state is made, written, and read from either end", async () => {
    const { call, events } = on();
    const path = `${SHARED}/team/board`;
    expect((await call("PUT", path, "", { "content-type": "application/json" })).status).toBe(201);
    const rows = ["a", "b", "c", "d"].map((key) => row("note", key, { key }));
    expect((await call("POST", path, rows)).status).toBeLessThan(300);
    expect((await events(path)).map(({ key }) => key)).toEqual(["a", "b", "c", "d"]);
    const last = await call("GET", `${path}?last=2`);
    expect(last.body).toMatchObject([{ key: "c" }, { key: "d" }]);
    const before = last.headers.get("stream-before-offset");
    expect((await call("GET", `${path}?before=${before}&limit=1`)).body).toMatchObject([{ key: "b" }]);
    expect((await call("GET", `/_electric/shared-state/team/board?last=1`)).body).toMatchObject([{ key: "d" }]);
    expect((await call("PUT", `${SHARED}/text`, "", { "content-type": "text/plain" })).status).toBe(400);
    expect((await call("DELETE", path)).status).toBe(405);
  });

  test("[RS2] a resource's id is taken literally and as a whole", async () => {
    const { server, call, dump } = on();
    await call("PUT", `${SHARED}/team/board`, "", { "content-type": "application/json" });
    const before = await dump();
    const odd = [
      "team%2Fboard",
      "team//board",
      "team/board/",
      "/team/board",
      "team/b%6Fard",
      "team/bo ard",
      "team/bo@rd",
      "coder-session",
      "coder-session/s/other",
      "coder-session/s/native/more",
      "live",
      "a/b/c/d/e/f/g/h/i",
      "x".repeat(129),
    ];
    for (const id of odd) {
      for (const method of ["GET", "PUT", "POST"]) {
        const body = method === "GET" ? undefined : "[]";
        const answer = await createCaller(server)(method, `${SHARED}/${id}`, body);
        expect([id, method, answer.status >= 400 && answer.status < 500]).toEqual([id, method, true]);
        expect(["invalid_request", "not_found"]).toContain(failure(answer).code);
      }
    }
    // The URL standard resolves dot segments before anybody sees them: this is the board itself, judged as such.
    expect((await call("GET", `${SHARED}/team/x/../board?offset=-1`)).status).toBe(200);
    expect((await call("GET", `${SHARED}/team/%2e%2e/team/board?offset=-1`)).status).toBe(200);
    expect((await call("GET", `${SHARED}/team/../../hello/a/main`)).status).toBe(404);
    expect(await dump()).toEqual(before);
  });

  test("[RS3] a coding session is written through a claim only", async () => {
    const fixture = on();
    const { call, dump, events } = fixture;
    const held = await startCoder(fixture, "a");
    await fixture.committed(held, {
      seq: 2,
      writes: [
        { stream: SESSION, create: true, events: [info({})] },
        { stream: `${SESSION}/native`, create: true, events: [row("native", "1", { record: {} })] },
      ],
    });
    expect(await events(SESSION)).toHaveLength(1);
    expect(await events(`${SESSION}/native`)).toHaveLength(1);
    const before = await dump();
    for (const path of [SESSION, `${SESSION}/native`, `${SESSION}/live`, `${SHARED}/coder-session/new`]) {
      for (const method of ["PUT", "POST"]) {
        expect(failure(await call(method, path, [row("x", "y", {})]))).toMatchObject({
          status: 403,
          code: "forbidden",
        });
      }
      expect((await call("DELETE", path)).status).toBe(405);
    }
    expect(failure(await call("POST", `${SHARED}/board/live`, [row("x", "y", {})])).code).toBe("reserved_name");
    expect(await dump()).toEqual(before);
  });

  test("[RS4] several streams are followed over one connection, if each could be read alone", async () => {
    const { server, call, runner, spawn } = on();
    await runner("r", ["hello"]);
    await spawn("/hello/a");
    const path = `${SHARED}/board`;
    await call("PUT", path, "", { "content-type": "application/json" });
    await call("POST", path, [row("note", "n", { key: "n" })]);
    const leave = new AbortController();
    const url = `${server.url}/_skein/follow?s=${path}@-1&s=/hello/a/main@-1&s=${SESSION}/live@-1`;
    const headers = { authorization: `Bearer ${server.token}` };
    const response = await server.fetch(new Request(url, { headers, signal: leave.signal }));
    expect(response.headers.get("content-type")).toContain("text/event-stream");
    let seen = "";
    for await (const chunk of response.body ?? []) {
      seen += new TextDecoder().decode(chunk);
      if (seen.includes("entity_created") && seen.includes('"note"')) break;
    }
    leave.abort();
    expect(seen).toContain("event: batch");
    for (const bad of ["/hello/a", "/_skein/runners", "/etc/passwd", `${SHARED}/a//b`, `${SHARED}/a%2fb`, ""]) {
      const answer = await call("GET", `/_skein/follow?s=${encodeURIComponent(bad)}@-1`);
      expect([bad, failure(answer).code]).toEqual([bad, "invalid_request"]);
    }
  });

  test("[WK17] deltas go to the live stream of a declared resource, under a claim", async () => {
    const fixture = on();
    const { call, commit, committed, events, advance } = fixture;
    const held = await startCoder(fixture, "a");
    const { claimId, generation } = held;
    const live = (stream: string) =>
      call("POST", "/coder/a/claim/live", { claimId, generation, stream, events: [row("delta", "d", { text: "he" })] });
    expect((await live(SESSION)).status).toBe(204);
    expect((await live(SESSION)).status).toBe(204);
    const path = `${SESSION}/live`;
    const read = await call("GET", `${path}?last=5`);
    expect(read.body).toMatchObject([{ key: "d" }, { key: "d" }]);
    expect((await call("GET", `${SHARED}/coder-session/s2/live?last=5`)).status).toBe(404);
    expect(failure(await live(`${SHARED}/coder-session/s2`)).code).toBe("forbidden");
    expect(failure(await live("/coder/a/main")).code).toBe("forbidden");
    expect(failure(await live(`${SESSION}/native`)).code).toBe("forbidden");
    expect(failure(await commit(held, { seq: 2, writes: [{ stream: path, events: [row("d", "d", {})] }] })).code).toBe(
      "forbidden",
    );
    await committed(held, { seq: 2, done: true });
    expect(failure(await live(SESSION)).code).toBe("fenced");
    advance(held.leaseMs);
    expect((await events("/coder/a/main")).some(({ key }) => key === "d")).toBe(false);
  });

  test("[WK10] one entity drives a session; another takes over when it does not", async () => {
    const fixture = on();
    const { commit, committed, advance, runner, spawn, claim, finish, store } = fixture;
    const first = await startCoder(fixture, "a");
    const write = (key: string) => [
      { stream: SESSION, create: true, events: [say(key, "user_message", { text: key })] },
    ];
    await committed(first, { seq: 2, writes: write("1") });
    await runner("other", ["helper"]);
    await spawn("/helper/b");
    const second = await claim("other");
    const declare = { stream: "/helper/b/main", events: [declared("coder-session/s1")] };
    expect(failure(await commit(second, { seq: 1, writes: [declare, ...write("2")] }))).toMatchObject({
      status: 409,
      code: "session_in_use",
    });
    await finish(first, 3);
    await committed(second, { seq: 1, writes: [declare, ...write("2")] });
    await fixture.send("/coder/a", { payload: 1 });
    const back = await claim("r");
    expect(failure(await commit(back, { seq: 1, writes: write("3") })).code).toBe("session_in_use");
    advance(second.leaseMs);
    const again = await claim("r");
    await committed(again, { seq: 1, writes: write("3") });
    expect((await store.getRecord("resources", "coder-session/s1"))?.value).toMatchObject({ driver: "/coder/a" });
    expect((await fixture.events(SESSION)).map(({ key }) => key)).toEqual([
      "1",
      "takeover:s1:1",
      "2",
      "takeover:s1:2",
      "3",
    ]);
  });
}

function sessionRules(on: () => Fixture): void {
  test("[RS5] a session's row follows from what its coder writes", async () => {
    const fixture = on();
    const { committed, call } = fixture;
    const one = async () => read(session, await call("GET", "/_skein/sessions/s1"));
    const held = await startCoder(fixture, "a", {
      args: { agent: "claude", cwd: "/tmp/project", permissionMode: "ask" },
    });
    expect(await one()).toMatchObject({
      id: "s1",
      coder: "/coder/a",
      agent: "claude",
      cwd: "/tmp/project",
      status: "initializing",
      title: "New session",
      turns: 0,
    });
    const main = (status: string, more = {}) => ({
      stream: "/coder/a/main",
      events: [row(CODER_RUN_STATUS_EVENT, "current", { key: "current", status, ...more })],
    });
    const ask = { requestId: "q1", tool: "terminal", input: { command: "ls" }, title: "Run ls?" };
    await committed(held, {
      seq: 2,
      writes: [
        main("waiting", { currentPrompt: "p1" }),
        {
          stream: SESSION,
          create: true,
          events: [
            info({ model: "opus", machine: "box" }),
            say("p1", "user_message", { text: "\n  Fix the bug  \nplease" }),
            say("m1", "assistant_message", { text: "Looking" }),
            say("r1", "permission_request", ask),
          ],
        },
      ],
    });
    expect(await one()).toMatchObject({
      status: "waiting",
      model: "opus",
      machine: "box",
      title: "Fix the bug",
      lastLine: "Looking",
      pending: [{ requestId: "q1", kind: "permission", tool: "terminal", title: "Run ls?" }],
    });
    const answer = { requestId: "q1", decision: "allow" };
    await committed(held, {
      seq: 3,
      writes: [
        main("error", { error: { code: "agent_failed", message: "No credit" } }),
        {
          stream: SESSION,
          events: [
            say("a1", "permission_response", answer),
            say("t1", "turn_complete", { success: true, usage: { costUsd: 0.25 } }),
            say("t2", "turn_complete", { success: true, usage: { costUsd: 0.5 } }),
          ],
        },
      ],
    });
    expect(await one()).toMatchObject({
      status: "error",
      error: { code: "agent_failed", message: "No credit" },
      pending: [],
      turns: 2,
      costUsd: 0.75,
    });
    await committed(held, { seq: 4, writes: [main("idle")] });
    const idle = await one();
    expect(idle.status).toBe("idle");
    expect(idle.error).toBeUndefined();
    expect(Object.keys(idle)).not.toContain("titleFrom");
  });

  test("[RS7] sessions are listed newest activity first, in pages, and told to the directory", async () => {
    const fixture = on();
    const { call, spawn, runner, advance } = fixture;
    await runner("r", ["coder"]);
    for (const id of ["s1", "s2", "s3"]) {
      advance(1000);
      await spawn(`/coder/${id}`, { tags: { [CODER_RESOURCE_TAG]: `coder-session/${id}` } });
    }
    const page = async (query = "") => read(sessionPage, await call("GET", `/_skein/sessions${query}`));
    const { offset, sessions } = await page();
    expect(sessions.map(({ id }) => id)).toEqual(["s3", "s2", "s1"]);
    const first = await page("?limit=2");
    expect(first.sessions.map(({ id }) => id)).toEqual(["s3", "s2"]);
    expect((await page(`?limit=2&after=${encodeURIComponent(first.next ?? "")}`)).sessions.map(({ id }) => id)).toEqual(
      ["s1"],
    );
    await call("DELETE", "/coder/s2");
    const told = (await call("GET", `/_skein/directory?offset=${offset}`)).body;
    expect(told).toMatchObject([{ type: "entity" }, { type: "session", key: "s2", value: { status: "killed" } }]);
    expect(failure(await call("GET", "/_skein/sessions/none"))).toMatchObject({
      status: 404,
      code: "session_not_found",
    });
    expect(failure(await call("GET", "/_skein/sessions?search=x")).code).toBe("invalid_request");
  });

  test("[RS8] a killed coder's session stays, and its open turn is ended in the history", async () => {
    const fixture = on();
    const { committed, call, events } = fixture;
    const held = await startCoder(fixture, "a");
    const status = { key: "current", status: "running", currentPrompt: "p1", runId: "1-0" };
    await committed(held, {
      seq: 2,
      writes: [
        { stream: "/coder/a/main", events: [row(CODER_RUN_STATUS_EVENT, "current", status)] },
        { stream: SESSION, create: true, events: [info({}), say("p1", "user_message", { text: "go" })] },
      ],
    });
    await call("DELETE", "/coder/a");
    expect((await call("GET", "/_skein/sessions/s1")).body).toMatchObject({
      status: "killed",
      title: "go",
      pending: [],
    });
    expect((await events(SESSION)).at(-1)).toMatchObject({
      type: TRANSCRIPT_EVENT,
      key: "p1:end",
      value: { promptId: "p1", runId: "1-0", payload: { type: "turn_aborted", reason: "killed" } },
    });
  });

  test("[RS8] a killed coder that was between turns leaves its history as it is", async () => {
    const fixture = on();
    const { committed, call, events } = fixture;
    const held = await startCoder(fixture, "a");
    const idle = row(CODER_RUN_STATUS_EVENT, "current", { key: "current", status: "idle" });
    await committed(held, {
      seq: 2,
      writes: [
        { stream: "/coder/a/main", events: [idle] },
        { stream: SESSION, create: true, events: [info({})] },
      ],
    });
    await call("DELETE", "/coder/a");
    expect(await events(SESSION)).toHaveLength(1);
  });

  test("[RS9] who writes the resource is the session's coder; a tag alone does not take it", async () => {
    const fixture = on();
    const { call, spawn, claim, committed, finish } = fixture;
    const coder = async () => read(session, await call("GET", "/_skein/sessions/s1")).coder;
    const first = await startCoder(fixture, "a");
    await committed(first, { seq: 2, writes: [{ stream: SESSION, create: true, events: [info({})] }] });
    await spawn("/coder/b", { tags: { [CODER_RESOURCE_TAG]: "coder-session/s1" } });
    expect(await coder()).toBe("/coder/a");
    const second = await claim("r");
    const status = row(CODER_RUN_STATUS_EVENT, "current", { key: "current", status: "running" });
    await committed(second, {
      seq: 1,
      writes: [{ stream: "/coder/b/main", events: [declared("coder-session/s1"), status] }],
    });
    expect((await call("GET", "/_skein/sessions/s1")).body).toMatchObject({
      coder: "/coder/a",
      status: "initializing",
    });
    await finish(first, 3);
    await committed(second, {
      seq: 2,
      writes: [{ stream: SESSION, events: [say("p", "user_message", { text: "mine" })] }],
    });
    expect(await coder()).toBe("/coder/b");
    await call("DELETE", "/coder/a");
    expect((await call("GET", "/_skein/sessions/s1")).body).not.toMatchObject({ status: "killed" });
    await call("DELETE", "/coder/b");
    await spawn("/coder/c", { tags: { [CODER_RESOURCE_TAG]: "coder-session/s1" } });
    expect(await coder()).toBe("/coder/c");
  });
}

/** A coder under a claim that has declared the session `s1`. */
async function startCoder({ runner, spawn, claim, committed }: Fixture, id: string, body = {}) {
  await runner("r", ["coder"]);
  await spawn(`/coder/${id}`, { tags: { [CODER_RESOURCE_TAG]: "coder-session/s1" }, ...body });
  const held = await claim("r");
  await committed(held, { seq: 1, writes: [{ stream: `/coder/${id}/main`, events: [declared("coder-session/s1")] }] });
  return held;
}

function info(more: Record<string, unknown>) {
  const value = { key: "current", agent: "claude", cwd: "/tmp", sessionId: "s1", createdAt: 1, ...more };
  return row(SESSION_INFO_EVENT, "current", value);
}

function say(key: string, type: string, payload: Record<string, unknown>) {
  return row(TRANSCRIPT_EVENT, key, { key, ts: 1, type, payload: { v: 1, type, ...payload } }, "insert");
}
