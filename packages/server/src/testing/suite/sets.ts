import { mainStream, type ChangeEvent } from "@skein/protocol";
import { expect, test } from "vitest";
import { declaredObservation, row, type Fixture } from "../fixture.ts";

const WATCHER = "/watcher/w";
const CHANGE = { on: "change" };

/** Sets of entities: who belongs to them, and what its members do. */
export function setRules(on: () => Fixture): void {
  async function watch(source: object, wake: object = CHANGE): Promise<void> {
    const { runner, spawn, next, committed, tail } = on();
    await runner("w", ["watcher"]);
    await runner("m", ["worker", "other"]);
    await spawn(WATCHER);
    const held = await next("w");
    const events = [declaredObservation("set", { kind: "entities", ...source }, wake)];
    const ack = await tail(mainStream(WATCHER));
    await committed(held, { seq: 1, writes: [{ stream: mainStream(WATCHER), events }], ack, done: true });
  }
  const told = async (): Promise<unknown[]> =>
    (await on().events(mainStream(WATCHER))).filter(({ type }) => type === "wake").map(({ value }) => value);
  const woken = async (): Promise<unknown> => {
    await on().finish(await on().next("w"));
    return (await told()).at(-1);
  };
  const quiet = async (): Promise<void> => expect((await on().poll("w")).status).toBe(204);

  test("[WK34] an observer of tagged entities is told who joins, changes and leaves", async () => {
    const { spawn, call } = on();
    await watch({ type: "worker", tags: { team: "red" } });
    await spawn("/worker/a", { tags: { team: "red", role: "lead" } });
    expect(await woken()).toMatchObject({
      reason: "change",
      source: "entities?type=worker&tag=team=red",
      observe: "observe:set",
      changes: [{ collection: "members", key: "/worker/a", operation: "insert" }],
    });
    await spawn("/worker/b");
    await spawn("/other/c", { tags: { team: "red" } });
    await quiet();
    await call("POST", "/worker/b/tags/team", { value: "red" });
    expect(await woken()).toMatchObject({ changes: [{ key: "/worker/b", operation: "insert" }] });
    await call("POST", "/worker/a/tags/role", { value: "none" });
    expect(await woken()).toMatchObject({ changes: [{ key: "/worker/a", operation: "update" }] });
    await call("POST", "/worker/a/tags/team", { value: "blue" });
    expect(await woken()).toMatchObject({ changes: [{ key: "/worker/a", operation: "delete" }] });
    await call("POST", "/worker/a/tags/role", { value: "x" });
    await quiet();
    await call("DELETE", "/worker/b");
    expect(await woken()).toMatchObject({ changes: [{ key: "/worker/b", operation: "delete" }] });
  });

  test("[WK34] sets by type and by parent, with filters, and made by handlers", async () => {
    const { spawn, call, claim, committed } = on();
    await watch({ parent: "/other/parent" }, { ...CHANGE, operations: ["delete"] });
    await spawn("/other/parent");
    const parent = await claim("m");
    await committed(parent, { seq: 1, spawns: [{ type: "worker", id: "x" }] });
    await quiet();
    await call("DELETE", "/worker/x");
    expect(await woken()).toMatchObject({
      source: "entities?parent=/other/parent",
      changes: [{ key: "/worker/x", operation: "delete" }],
    });
  });

  test("[WK34] handlers that run and rest are no changes of a set, and who is not observed leaves no stream", async () => {
    const { spawn, claim, finish, call, store } = on();
    await watch({ type: "worker" });
    await spawn("/worker/a");
    await woken();
    await finish(await claim("m"));
    await quiet();
    await spawn("/other/b", { tags: { team: "red" } });
    await call("DELETE", WATCHER);
    await spawn("/worker/c");
    await quiet();
    expect((await store.listStreams({ prefix: "/_skein/sets/", limit: 9 })).map(({ path }) => path)).toEqual([]);
  });

  test("[WK35] an observer of a set is told when runs of its members end", async () => {
    const { spawn, claim, committed } = on();
    await watch({ tags: { team: "red" } }, { on: "runFinished" });
    await spawn("/worker/a", { tags: { team: "red" } });
    await spawn("/worker/b");
    await quiet();
    for (const held of [await claim("m"), await claim("m")]) {
      const key = "1-0";
      const events: ChangeEvent[] = [
        row("run", key, { key, status: "started", startedAt: 1 }, "insert"),
        row("run_text", `${key}:0`, { runId: key, text: held.entity.url }, "insert"),
        row("run", key, { key, status: "completed", startedAt: 1, endedAt: 2 }, "update"),
      ];
      await committed(held, { seq: 1, writes: [{ stream: mainStream(held.entity.url), events }] });
    }
    expect(await woken()).toMatchObject({
      reason: "runFinished",
      source: "entities?tag=team=red",
      member: "/worker/a",
      run: { key: "1-0", status: "completed", response: "/worker/a" },
    });
    await quiet();
    expect(await told()).toHaveLength(1);
  });
}
