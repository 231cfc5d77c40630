import { expect, test } from "vitest";
import { failure } from "../caller.ts";
import { row, type Fixture } from "../fixture.ts";

export function signalRules(on: () => Fixture): void {
  test("[EN17] interrupt is seen by a running handler at once, and wakes an idle entity", async () => {
    const { runner, spawn, claim, call, finish, tail, events } = on();
    await runner("r", ["hello"]);
    await spawn("/hello/a");
    const held = await claim("r");
    const offset = await tail("/hello/a/main");
    const live = call("GET", `/hello/a/main?offset=${offset}&live=long-poll`);
    await call("POST", "/hello/a/signal", { signal: "interrupt", reason: "stop that" });
    expect((await live).body).toMatchObject([
      { type: "signal", value: { signal: "interrupt", from: "user:test", reason: "stop that" } },
    ]);
    await finish(held);
    await call("POST", "/hello/a/signal", { signal: "interrupt" });
    expect((await claim("r")).generation).toBe(2);
    expect((await events("/hello/a/main")).filter(({ type }) => type === "signal")).toHaveLength(2);
    expect(failure(await call("POST", "/hello/a/signal", { signal: "explode" })).code).toBe("invalid_request");
    expect(failure(await call("POST", "/hello/b/signal", { signal: "interrupt" })).code).toBe("not_found");
  });

  test.each(["pause", "stop"] as const)("[EN18] after %s an entity takes messages and is not claimed", async (name) => {
    const { runner, spawn, claim, finish, call, send, poll, committed } = on();
    const status = name === "pause" ? "paused" : "stopped";
    await runner("r", ["hello"]);
    await spawn("/hello/a");
    const held = await claim("r");
    expect((await call("POST", "/hello/a/signal", { signal: name })).body).toMatchObject({ status: "running" });
    await committed(held, {
      seq: 1,
      writes: [{ stream: "/hello/a/main", events: [row("state:x", "k", { key: "k" })] }],
    });
    await finish(held, 2);
    expect((await call("GET", "/hello/a")).body).toMatchObject({ status });
    await send("/hello/a", { payload: 1 });
    expect((await poll("r")).status).toBe(204);
    expect((await call("POST", "/hello/a/signal", { signal: "continue" })).body).toMatchObject({ status: "idle" });
    expect((await claim("r")).generation).toBe(2);
  });

  test("[EN18] an idle entity is held at once, and let go while it is claimed", async () => {
    const { runner, spawn, claim, finish, call, poll, advance } = on();
    await runner("r", ["hello"]);
    await spawn("/hello/a");
    await finish(await claim("r"));
    expect((await call("POST", "/hello/a/signal", { signal: "pause" })).body).toMatchObject({ status: "paused" });
    expect((await poll("r")).status).toBe(204);
    await call("POST", "/hello/a/signal", { signal: "continue" });
    const held = await claim("r");
    await call("POST", "/hello/a/signal", { signal: "pause" });
    await call("POST", "/hello/a/signal", { signal: "continue" });
    expect((await poll("r")).status).toBe(204);
    advance(held.leaseMs + 1);
    expect((await claim("r")).generation).toBe(held.generation + 1);
  });

  test("[EN19] a kill ends the stream, fences the claim and keeps the history", async () => {
    const { runner, spawn, claim, call, commit, events, dump, poll } = on();
    await runner("r", ["hello"]);
    await spawn("/hello/a", { initialMessage: { payload: "hi" } });
    const held = await claim("r");
    const killed = await call("POST", "/hello/a/signal", { signal: "kill", reason: "enough" });
    expect(killed.body).toMatchObject({ status: "killed" });
    const history = await events("/hello/a/main");
    expect(history.map(({ type }) => type)).toEqual(["entity_created", "inbox", "entity_ended"]);
    expect(history.at(-1)).toMatchObject({ value: { status: "killed", reason: "enough", from: "user:test" } });
    const stream = await call("HEAD", "/hello/a/main");
    expect(stream.headers.get("stream-closed")).toBe("true");
    const { claimId, generation } = held;
    const beat = await call("POST", "/hello/a/claim/heartbeat", { claimId, generation });
    expect(failure(beat)).toMatchObject({ status: 409, code: "fenced" });
    expect(failure(await commit(held, { seq: 1, done: true })).code).toBe("fenced");
    const before = await dump();
    expect((await call("DELETE", "/hello/a")).body).toMatchObject({ status: "killed" });
    expect(failure(await call("POST", "/hello/a/signal", { signal: "pause" })).code).toBe("entity_ended");
    expect(await dump()).toEqual(before);
    expect(failure(await call("DELETE", "/hello/none")).code).toBe("not_found");
    expect((await poll("r")).status).toBe(204);
  });
}
