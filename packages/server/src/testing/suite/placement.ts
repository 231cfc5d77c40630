import { entity } from "@skein/protocol";
import { expect, test } from "vitest";
import { failure, read } from "../caller.ts";
import type { Fixture } from "../fixture.ts";

/** Entities that need a certain runner, or one with certain labels. */
export function placementRules(on: () => Fixture): void {
  const register = async (id: string, labels: object, types: unknown[] = ["hello"]): Promise<void> => {
    const registrations = types.map((type) => (typeof type === "string" ? { name: type, description: type } : type));
    const answer = await on().call("PUT", `/_skein/runners/${id}`, { types: registrations, labels });
    expect(answer).toMatchObject({ status: 200, body: { id, labels, online: true } });
  };
  const nothing = async (id: string): Promise<void> => expect((await on().poll(id)).status).toBe(204);
  const shown = async (url: string) => read(entity, await on().call("GET", url));

  test("[WK40] an entity that is pinned to a runner is claimed by that one only, and is in nobody's way", async () => {
    const { spawn, claim, finish, send } = on();
    await register("one", {});
    await register("two", {});
    const dispatch = { runner: "one" };
    for (let n = 0; n < 20; n += 1) await spawn(`/hello/p${n}`, { dispatch });
    expect(await shown("/hello/p0")).toMatchObject({
      dispatch: { runner: "one", whenGone: "wait" },
      placement: { online: true },
    });
    await nothing("two");
    await spawn("/hello/free");
    expect((await claim("two")).entity.url).toBe("/hello/free");
    const held = await claim("one");
    expect(held.entity).toMatchObject({ url: "/hello/p0", dispatch });
    expect((await shown("/hello/p0")).placement).toEqual({ online: true, runner: "one" });
    await finish(held);
    await send("/hello/p0", { payload: 1 });
    await nothing("two");
  });

  test("[WK41] labels say which runners may: all that are asked for, each one word or one of several", async () => {
    const { spawn, claim, call } = on();
    await register("small", { machine: "a", agent: "claude" });
    await register("large", { machine: "b", agent: ["codex", "claude"] });
    await spawn("/hello/codex", { dispatch: { labels: { agent: "codex" } } });
    await spawn("/hello/both", { dispatch: { labels: { agent: "claude", machine: "a" } } });
    await spawn("/hello/none", { dispatch: { labels: { gpu: "yes" } } });
    expect((await claim("small")).entity.url).toBe("/hello/both");
    await nothing("small");
    expect((await claim("large")).entity.url).toBe("/hello/codex");
    await nothing("large");
    expect((await shown("/hello/none")).placement).toEqual({ online: false });
    await register("gpu", { gpu: "yes" });
    expect((await claim("gpu")).entity.url).toBe("/hello/none");
    expect((await call("GET", "/_skein/runners/large")).body).toMatchObject({ labels: { machine: "b" } });
  });

  test("[WK41] a type says for its entities what a spawn does not say", async () => {
    const { spawn, claim, committed } = on();
    const dispatch = { labels: { machine: "a" } };
    await register("a", { machine: "a" }, [{ name: "hello", description: "x", dispatch }]);
    await register("b", { machine: "b" }, [{ name: "hello", description: "x", dispatch }, "parent"]);
    expect(await spawn("/hello/x")).toMatchObject({ dispatch: { ...dispatch, whenGone: "wait" } });
    await spawn("/parent/p");
    const parent = await claim("b");
    const spawns = [{ type: "hello", id: "y", dispatch: { runner: "b" } }];
    expect((await committed(parent, { seq: 1, spawns })).refused).toBeUndefined();
    expect((await claim("b")).entity.url).toBe("/hello/y");
    await nothing("b");
    expect((await claim("a")).entity.url).toBe("/hello/x");
  });

  test("[WK42] when the runner is gone the work waits, or moves, as it was said", async () => {
    const { spawn, claim, call, advance, finish, send } = on();
    await register("home", { machine: "a" });
    await register("away", {});
    await spawn("/hello/waits", { dispatch: { runner: "home" } });
    await spawn("/hello/moves", { dispatch: { labels: { machine: "a" }, whenGone: "move" } });
    await nothing("away");
    const held = [await claim("home"), await claim("home")];
    expect(held.map(({ entity: { url } }) => url)).toEqual(["/hello/waits", "/hello/moves"]);
    // The machine sleeps: its leases run out, and it is not heard of any more.
    advance(29_000);
    await call("POST", "/_skein/runners/away/poll", { waitMs: 0, acceptClaims: false });
    advance(1000);
    expect((await claim("away")).entity.url).toBe("/hello/moves");
    await nothing("away");
    expect(await shown("/hello/waits")).toMatchObject({ placement: { online: false } });
    expect((await shown("/hello/moves")).placement).toMatchObject({ online: true, runner: "away" });
    await register("home", { machine: "a" });
    const back = await claim("home");
    expect(back.entity.url).toBe("/hello/waits");
    await finish(back);
    // A good-bye is as good.
    await send("/hello/waits", { payload: 1 });
    await call("DELETE", "/_skein/runners/home");
    await nothing("away");
    expect((await shown("/hello/waits")).placement).toEqual({ online: false });
  });

  test("[WK43] an entity can be let go to other runners, and bound again", async () => {
    const { spawn, claim, finish, send, call } = on();
    await register("two", {});
    await spawn("/hello/x", { dispatch: { runner: "gone" } });
    await nothing("two");
    const answer = await call("PATCH", "/hello/x", { dispatch: null });
    expect(answer.status).toBe(200);
    expect(read(entity, answer).dispatch).toBeUndefined();
    await finish(await claim("two"));
    await call("PATCH", "/hello/x", { dispatch: { runner: "one" } });
    await send("/hello/x", { payload: 1 });
    await nothing("two");
    await register("one", {});
    expect((await claim("one")).entity.url).toBe("/hello/x");
    for (const body of [{}, { dispatch: {} }, { dispatch: { labels: {} } }, { args: 1, dispatch: null }]) {
      expect(failure(await call("PATCH", "/hello/x", body))).toMatchObject({ status: 400, code: "invalid_request" });
    }
    expect(failure(await call("PATCH", "/hello/none", { dispatch: null })).code).toBe("not_found");
  });

  test("[WK44] a runner that an entity would run on is the one that is asked before it is made", async () => {
    const { call } = on();
    const type = { name: "hello", description: "x", admission: true };
    await register("a", { machine: "a" }, [type]);
    await register("b", { machine: "b" }, [type]);
    const body = { dispatch: { labels: { machine: "a" } } };
    const spawned = call("PUT", "/hello/x", body);
    const asked = await call("POST", "/_skein/runners/a/poll", { waitMs: 20_000 });
    expect(asked.body).toMatchObject({ kind: "call", method: "admit", params: { id: "x" } });
    const { callId } = asked.body as { callId: string };
    await call("POST", `/_skein/runners/a/calls/${callId}`, { result: {} });
    expect((await spawned).status).toBe(201);
    expect((await shown("/hello/x")).dispatch).toEqual({ labels: { machine: "a" }, whenGone: "wait" });
    const nobody = await call("PUT", "/hello/y", { dispatch: { labels: { machine: "c" } } });
    expect(failure(nobody)).toMatchObject({ status: 503, code: "runner_unavailable" });
    expect((await call("GET", "/hello/y")).status).toBe(404);
  });
  test("[WK48] an entity of a type that binds stays with the runner that admitted it", async () => {
    const { call, claim, finish, send, spawn, committed, runner } = on();
    const type = { name: "hello", description: "x", admission: true, binds: "move" };
    await register("a", {}, [type]);
    const answer = async (path: Promise<unknown>): Promise<void> => {
      const asked = await call("POST", "/_skein/runners/a/poll", { waitMs: 20_000, acceptClaims: false });
      const { callId } = asked.body as { callId: string };
      await call("POST", `/_skein/runners/a/calls/${callId}`, { result: {} });
      await path;
    };
    await answer(call("PUT", "/hello/x"));
    await register("b", {}, [type]);
    expect((await shown("/hello/x")).dispatch).toEqual({ runner: "a", whenGone: "move" });
    await nothing("b");
    await finish(await claim("a"));
    await call("DELETE", "/_skein/runners/b");
    await runner("p", ["parent"]);
    await spawn("/parent/p");
    const parent = await claim("p");
    await answer(committed(parent, { seq: 1, spawns: [{ type: "hello", id: "y" }] }));
    expect((await shown("/hello/y")).dispatch).toEqual({ runner: "a", whenGone: "move" });
    await finish(await claim("a"));
    await register("b", {}, [type]);
    await send("/hello/x", { payload: 1 });
    await nothing("b");
    await call("DELETE", "/_skein/runners/a");
    expect((await claim("b")).entity.url).toBe("/hello/x");
  });
}
