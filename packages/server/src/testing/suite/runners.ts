import { claim, runnerInfo } from "@skein/protocol";
import { expect, test } from "vitest";
import { z } from "zod";
import { failure, read } from "../caller.ts";
import type { Fixture } from "../fixture.ts";

const callIn = z.object({ kind: z.literal("call"), callId: z.string(), method: z.string(), params: z.unknown() });

export function runnerRules(on: () => Fixture): void {
  pollRules(on);
  callRules(on);
}

function pollRules(on: () => Fixture): void {
  test("[WK18] a runner registers with its types; starting again gives back what its earlier process held", async () => {
    const { runner, spawn, claim, call, poll, commit, advance } = on();
    await runner("r", ["hello"]);
    await spawn("/hello/a");
    const held = await claim("r");
    await runner("r", ["hello", "more"]);
    const again = await claim("r");
    expect(again.generation).toBe(held.generation + 1);
    expect(failure(await commit(held, { seq: 1 })).code).toBe("fenced");
    const shown = async () => read(runnerInfo, await call("GET", "/_skein/runners/r"));
    expect(await shown()).toMatchObject({ types: ["hello", "more"], online: true });
    expect((await call("DELETE", "/_skein/runners/r")).status).toBe(204);
    expect(await shown()).toMatchObject({ online: false });
    expect((await call("GET", "/hello/a")).body).toMatchObject({ status: "idle" });
    expect((await call("GET", "/_skein/runners")).body).toMatchObject({ runners: [{ id: "r", online: false }] });
    expect((await poll("r")).status).toBe(200);
    expect(await shown()).toMatchObject({ online: true });
    advance(60_000);
    expect(await shown()).toMatchObject({ online: false });
    expect(failure(await poll("nobody"))).toMatchObject({ status: 404, code: "not_found" });
    expect(failure(await call("PUT", "/_skein/runners/a b", { types: [] })).code).toBe("invalid_request");
    expect(failure(await call("PUT", "/_skein/runners/x", { types: [{ name: "_x", description: "x" }] })).code).toBe(
      "invalid_request",
    );
    expect(failure(await call("PUT", "/_skein/runners/x", { types: [{ name: "new", description: "x" }] })).code).toBe(
      "reserved_name",
    );
  });

  test("[WK19] a waiting poll answers when work comes", async () => {
    const { runner, spawn, poll } = on();
    await runner("r", ["hello"]);
    await runner("other", ["other"]);
    const waiting = poll("r", { waitMs: 20_000 });
    const foreign = poll("other", { waitMs: 50 });
    await spawn("/hello/a");
    expect(read(claim, await waiting).entity.url).toBe("/hello/a");
    expect((await foreign).status).toBe(204);
  });

  test("[WK19] a runner that takes no claims gets calls only", async () => {
    const { runner, spawn, poll, call } = on();
    await runner("r", ["hello"]);
    await spawn("/hello/a");
    expect((await poll("r", { acceptClaims: false })).status).toBe(204);
    const asked = call("POST", "/_skein/runners/r/calls", { method: "status" });
    const { callId } = read(callIn, await poll("r", { acceptClaims: false, waitMs: 20_000 }));
    await call("POST", `/_skein/runners/r/calls/${callId}`, { result: 1 });
    expect((await asked).body).toEqual({ result: 1 });
  });

  test("[WK20] a poll whose caller has gone keeps no claim", async () => {
    const { runner, spawn, poll, claim, server } = on();
    await runner("r", ["hello"]);
    const gone = new AbortController();
    const request = new Request(`${server.url}/_skein/runners/r/poll`, {
      method: "POST",
      headers: { authorization: `Bearer ${server.token}`, "content-type": "application/json" },
      body: JSON.stringify({ waitMs: 20_000 }),
      signal: gone.signal,
    });
    const waiting = server.fetch(request).catch(() => undefined);
    const beside = poll("r", { waitMs: 100 });
    gone.abort();
    await Promise.all([waiting, beside]);
    await spawn("/hello/a");
    expect((await claim("r")).entity.url).toBe("/hello/a");
  });
}

function callRules(on: () => Fixture): void {
  test("[WK21] a call reaches its runner, and the answer or the error goes back", async () => {
    const { runner, poll, call, store } = on();
    await runner("r", ["hello"]);
    await runner("other", ["hello"]);
    const ask = (params: unknown) => call("POST", "/_skein/runners/r/calls", { method: "sessions.list", params });
    const answer = async (body: unknown): Promise<unknown> => {
      const question = read(callIn, await poll("r", { waitMs: 20_000 }));
      expect(failure(await call("POST", `/_skein/runners/other/calls/${question.callId}`, body)).code).toBe(
        "not_found",
      );
      expect((await call("POST", `/_skein/runners/r/calls/${question.callId}`, body)).status).toBe(204);
      return question.params;
    };
    const first = ask({ agent: "claude" });
    expect(await answer({ result: { sessions: [] } })).toEqual({ agent: "claude" });
    expect(await first).toMatchObject({ status: 200, body: { result: { sessions: [] } } });
    expect((await poll("other")).status).toBe(204);

    const second = ask({});
    await answer({ error: { code: "directory_not_allowed", message: "Not there.", details: { path: "/x" } } });
    expect(failure(await second)).toMatchObject({ status: 403, code: "directory_not_allowed", message: "Not there." });
    const third = ask({});
    await answer({ error: { code: "something_else", message: "Odd." } });
    expect(failure(await third)).toMatchObject({ status: 502, code: "call_failed", message: "Odd." });
    expect((await store.queryRecords({ collection: "calls", limit: 10 })).records).toEqual([]);
  });

  test("[WK22] a call to a runner that is unknown, silent or offline fails in time and leaves nothing", async () => {
    const { runner, poll, call, advance, store } = on();
    await runner("r", ["hello"]);
    const ask = (id: string, timeoutMs = 50) =>
      call("POST", `/_skein/runners/${id}/calls`, { method: "status", timeoutMs });
    expect(failure(await ask("nobody"))).toMatchObject({ status: 404, code: "not_found" });
    expect(failure(await ask("r"))).toMatchObject({ status: 503, code: "runner_unavailable" });
    const taken = ask("r", 300);
    const { callId } = read(callIn, await poll("r", { waitMs: 20_000 }));
    expect(failure(await taken)).toMatchObject({ status: 502, code: "call_failed" });
    expect(failure(await call("POST", `/_skein/runners/r/calls/${callId}`, { result: 1 })).code).toBe("not_found");
    advance(60_000);
    expect(failure(await ask("r", 60_000)).code).toBe("runner_unavailable");
    expect(failure(await call("POST", "/_skein/runners/r/calls", { method: "" })).code).toBe("invalid_request");
    expect((await store.queryRecords({ collection: "calls", limit: 10 })).records).toEqual([]);
  });
}
