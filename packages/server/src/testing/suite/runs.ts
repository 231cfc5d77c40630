import { changeEvent, type ChangeEvent, type Claim } from "@skein/protocol";
import { expect, test } from "vitest";
import { failure } from "../caller.ts";
import { row, type Fixture } from "../fixture.ts";

const started = (key: string): ChangeEvent => row("run", key, { key, status: "started", startedAt: 1 }, "insert");
const text = (run: string, n: number, said: string): ChangeEvent =>
  row("run_text", `${run}:${n}`, { runId: run, text: said }, "insert");
const ended = (key: string, status: "completed" | "failed", error?: string): ChangeEvent =>
  row("run", key, { key, status, startedAt: 1, endedAt: 2, ...(error && { error }) }, "update");

export function runRules(on: () => Fixture): void {
  /** A parent that is idle and a child under a claim, whose runs the parent wants to hear of. */
  async function family(fixture: Fixture, includeResponse = true): Promise<Claim> {
    const { runner, spawn, claim, finish } = fixture;
    await runner("r", ["parent", "child"]);
    await spawn("/parent/p");
    await finish(await claim("r"));
    const wake = { subscriber: "/parent/p", on: "runFinished", includeResponse };
    await spawn("/child/c", { parent: "/parent/p", wake });
    return claim("r");
  }
  const wakesOf = async (fixture: Fixture): Promise<ChangeEvent[]> =>
    (await fixture.events("/parent/p/main")).filter(({ type }) => type === "wake");

  test("[WK15] the end of a run wakes who asked, with the text of that run only", async () => {
    const fixture = on();
    const { committed, poll, claim } = fixture;
    const child = await family(fixture);
    const writes = (events: ChangeEvent[]) => [{ stream: "/child/c/main", events }];
    await committed(child, { seq: 1, writes: writes([started("1-0"), text("1-0", 0, "first ")]) });
    await committed(child, { seq: 2, writes: writes([text("1-0", 1, "run"), ended("1-0", "completed")]) });
    await committed(child, { seq: 3, writes: writes([started("1-1"), text("1-1", 0, "second")]) });
    await committed(child, { seq: 4, writes: writes([text("1-10", 0, "not mine")]) });
    await committed(child, { seq: 5, writes: writes([ended("1-1", "failed", "it broke")]) });
    expect(await wakesOf(fixture)).toMatchObject([
      {
        key: "run:/child/c:1-0",
        value: {
          source: "/child/c",
          reason: "runFinished",
          run: { key: "1-0", status: "completed", response: "first run" },
        },
        headers: { principal: "agent:/child/c" },
      },
      { key: "run:/child/c:1-1", value: { run: { status: "failed", response: "second", error: "it broke" } } },
    ]);
    expect((await claim("r")).entity.url).toBe("/parent/p");
    expect((await poll("r")).status).toBe(204);
  });

  test("[WK15] a run that begins and ends in one commit is told once, without its text if that was not asked for", async () => {
    const fixture = on();
    const child = await family(fixture, false);
    const events = [started("1-0"), text("1-0", 0, "secret"), ended("1-0", "completed")];
    const body = { seq: 1, writes: [{ stream: "/child/c/main", events }] };
    await fixture.committed(child, body);
    await fixture.committed(child, body);
    const told = await wakesOf(fixture);
    expect(told).toHaveLength(1);
    expect(JSON.stringify(told)).not.toContain("secret");
    expect(await fixture.store.getRecord("runs", "/child/c 1-0")).toBeUndefined();
  });

  test("[WK15] a parent that was killed does not hold up its child", async () => {
    const fixture = on();
    const child = await family(fixture);
    await fixture.call("DELETE", "/parent/p");
    const events = [started("1-0"), ended("1-0", "completed")];
    await fixture.committed(child, { seq: 1, writes: [{ stream: "/child/c/main", events }] });
    expect(await wakesOf(fixture)).toEqual([]);
  });

  test("[WK15] a handler that spawns with a wake is told of its child's runs", async () => {
    const { runner, spawn, claim, committed, events } = on();
    await runner("p", ["parent"]);
    await runner("c", ["child"]);
    await spawn("/parent/p");
    const parent = await claim("p");
    const order = { type: "child", id: "c", wake: true };
    expect((await committed(parent, { seq: 1, spawns: [order] })).refused).toBeUndefined();
    expect((await committed(parent, { seq: 2, spawns: [order] })).refused).toBeUndefined();
    const child = await claim("c");
    const run = [started("1-0"), text("1-0", 0, "done"), ended("1-0", "completed")];
    await committed(child, { seq: 1, writes: [{ stream: "/child/c/main", events: run }] });
    const told = (await events("/parent/p/main")).filter(({ type }) => type === "wake");
    expect(told).toMatchObject([{ value: { run: { response: "done" } } }]);
  });

  test("[WK16] runs that a lost handler left open are failed with the next claim", async () => {
    const fixture = on();
    const { committed, advance, claim, events } = fixture;
    const child = await family(fixture);
    await committed(child, { seq: 1, writes: [{ stream: "/child/c/main", events: [started("1-0")] }] });
    advance(child.leaseMs);
    expect(await wakesOf(fixture)).toEqual([]);
    const again = await claim("r");
    expect(again.entity.url).toBe("/child/c");
    const last = changeEvent.parse((await events("/child/c/main")).at(-1));
    expect(last).toMatchObject({
      type: "run",
      key: "1-0",
      value: { status: "failed", finishReason: "lost", startedAt: 1 },
    });
    expect(await wakesOf(fixture)).toMatchObject([{ value: { run: { key: "1-0", status: "failed" } } }]);
  });

  test("[WK16] a kill fails the open runs and tells those who asked, once and for all", async () => {
    const fixture = on();
    const { committed, call, commit, store } = fixture;
    const child = await family(fixture);
    await committed(child, { seq: 1, writes: [{ stream: "/child/c/main", events: [started("1-0")] }] });
    await call("DELETE", "/child/c");
    expect(await wakesOf(fixture)).toMatchObject([{ value: { run: { key: "1-0", status: "failed" } } }]);
    const late = { seq: 2, writes: [{ stream: "/child/c/main", events: [ended("1-0", "completed")] }] };
    expect(failure(await commit(child, late)).code).toBe("fenced");
    expect((await store.queryRecords({ collection: "subscriptions", limit: 10 })).records).toEqual([]);
    expect((await store.queryRecords({ collection: "runs", limit: 10 })).records).toEqual([]);
  });
}
