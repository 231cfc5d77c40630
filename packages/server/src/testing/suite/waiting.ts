import { mainStream } from "@skein/protocol";
import { expect, test } from "vitest";
import { declaredObservation, row, type Fixture } from "../fixture.ts";

/** Runners that wait already when something is due, or changes. */
export function waitingRules(on: () => Fixture): void {
  test("[EN34] a runner that waits is woken when a delayed message falls due", async () => {
    const { runner, spawn, claim, finish, send, poll, advance } = on();
    await runner("r", ["hello"]);
    await spawn("/hello/a");
    await finish(await claim("r"));
    await send("/hello/a", { payload: 1, afterMs: 50 });
    const waiting = poll("r", { waitMs: 30_000 });
    advance(50);
    expect((await waiting).body).toMatchObject({ kind: "claim", entity: { url: "/hello/a" } });
  });

  test("[WK24] a runner that waits is woken when something changes that one of its entities observes", async () => {
    const { runner, spawn, claim, committed, tail, poll } = on();
    await runner("s", ["source"]);
    await runner("w", ["watcher"]);
    await spawn("/source/s");
    const source = await claim("s");
    await spawn("/watcher/w");
    const held = await claim("w");
    const stream = mainStream("/watcher/w");
    const events = [declaredObservation("s", { kind: "entity", url: "/source/s" }, { on: "change" })];
    await committed(held, { seq: 1, writes: [{ stream, events }], ack: await tail(stream), done: true });
    const waiting = poll("w", { waitMs: 30_000 });
    const writes = [{ stream: mainStream("/source/s"), events: [row("state:x", "k", { key: "k" })] }];
    await committed(source, { seq: 1, writes });
    expect((await waiting).body).toMatchObject({ kind: "claim", entity: { url: "/watcher/w" } });
  });
}
