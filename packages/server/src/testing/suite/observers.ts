import { claim, mainStream, ZERO_OFFSET, type ChangeEvent, type Claim } from "@skein/protocol";
import { expect, test } from "vitest";
import { failure } from "../caller.ts";
import { declared, declaredObservation, row, type Fixture } from "../fixture.ts";

const SOURCE = "/source/s";
const WATCHER = "/watcher/w";
const CHANGE = { on: "change" };

/** Entities that are woken for what happens to others, and to shared state. */
export function observerRules(on: () => Fixture): void {
  changeRules(on);
  timeRules(on);
  declarationRules(on);
  runRules(on);
}

const entitySource = { kind: "entity", url: SOURCE };
const state = (key: string, operation: ChangeEvent["headers"]["operation"] = "upsert", type = "state:x"): ChangeEvent =>
  row(type, key, operation === "delete" ? undefined : { key }, operation);

const wakesOf = async ({ events }: Fixture, url = WATCHER): Promise<ChangeEvent[]> =>
  (await events(mainStream(url))).filter(({ type }) => type === "wake");
const toldTo = async (fixture: Fixture, url = WATCHER): Promise<unknown[]> =>
  (await wakesOf(fixture, url)).map(({ value }) => value);

/** An entity that declares and is idle then, and one at work whose changes it may want to hear of. */
async function pair(fixture: Fixture, ...observations: ChangeEvent[]): Promise<Claim> {
  const { runner, spawn, claim, next } = fixture;
  await runner("s", ["source"]);
  await runner("w", ["watcher"]);
  await spawn(SOURCE);
  const source = await claim("s");
  await spawn(WATCHER);
  await declare(fixture, await next("w"), observations);
  return source;
}

/** In one commit with the end of the claim: what is told of it is not acknowledged with it. */
async function declare({ committed, tail }: Fixture, held: Claim, events: ChangeEvent[]): Promise<void> {
  const stream = mainStream(held.entity.url);
  await committed(held, { seq: 1, writes: [{ stream, events }], ack: await tail(stream), done: true });
}

/** Handles everything there is for a runner. */
async function drain({ poll, finish }: Fixture, runner: string): Promise<void> {
  for (let answer = await poll(runner); answer.status !== 204; answer = await poll(runner)) {
    await finish(claim.parse(answer.body));
  }
}

const write = (fixture: Fixture, held: Claim, seq: number, ...events: ChangeEvent[]) =>
  fixture.committed(held, { seq, writes: [{ stream: mainStream(held.entity.url), events }] });

function changeRules(on: () => Fixture): void {
  test("[WK24] a change wakes the observer with the rows that changed, and each later change of the same row again", async () => {
    const { next, finish, poll } = on();
    const source = await pair(on(), declaredObservation("s", entitySource, CHANGE));
    expect((await poll("w")).status).toBe(204);
    const before = await on().tail(mainStream(SOURCE));
    await write(on(), source, 1, state("a", "insert"));
    const held = await next("w");
    expect(held.entity.url).toBe(WATCHER);
    expect(await toldTo(on())).toMatchObject([
      {
        reason: "change",
        source: SOURCE,
        observe: "observe:s",
        from: before,
        to: await on().tail(mainStream(SOURCE)),
        changes: [{ collection: "state:x", key: "a", operation: "insert", offset: before }],
        more: 0,
      },
    ]);
    await finish(held);
    for (let seq = 2; seq <= 4; seq += 1) {
      await write(on(), source, seq, state("a", "update"));
      await finish(await next("w"));
    }
    const wakes = await wakesOf(on());
    expect(new Set(wakes.map(({ key }) => key)).size).toBe(4);
    expect(wakes.slice(1).map(({ value }) => value)).toMatchObject(
      [1, 2, 3].map(() => ({ changes: [{ key: "a", operation: "update" }] })),
    );
    expect((await poll("w")).status).toBe(204);
  });

  test("[WK24] a wake is offered again until it is acknowledged, and changes meanwhile are not lost", async () => {
    const { next, finish, advance, tail, committed } = on();
    const source = await pair(on(), declaredObservation("s", entitySource, CHANGE));
    await write(on(), source, 1, state("a"));
    const first = await next("w");
    const seen = await tail(mainStream(WATCHER));
    await write(on(), source, 2, state("b"));
    await on().poll("w");
    expect(await committed(first, { seq: 1, ack: seen, done: true })).toMatchObject({ more: true });
    const second = await next("w");
    expect(second.from).toBe(seen);
    advance(second.leaseMs);
    const third = await next("w");
    expect(third.from).toBe(seen);
    await finish(third);
    expect((await on().poll("w")).status).toBe(204);
    expect(await toldTo(on())).toMatchObject([{ changes: [{ key: "a" }] }, { changes: [{ key: "b" }] }]);
  });

  test("[WK25] nobody is woken for what it wrote itself, unless it asks for that", async () => {
    const { runner, spawn, next, committed, events } = on();
    const board = { kind: "db", id: "board" };
    const stream = "/_skein/shared-state/board";
    await runner("w", ["watcher"]);
    for (const [url, wake] of [
      [WATCHER, CHANGE],
      ["/watcher/own", { ...CHANGE, includeOwn: true }],
    ] as const) {
      await spawn(url);
      const held = await next("w");
      await declare(on(), held, [declared("board"), declaredObservation("board", board, wake)]);
    }
    await on().send(WATCHER, { payload: "go" });
    const held = await next("w");
    await committed(held, { seq: 1, writes: [{ stream, create: true, events: [state("mine")] }] });
    await on().finish(held, 2);
    const other = await next("w");
    expect(other.entity.url).toBe("/watcher/own");
    await committed(other, { seq: 1, writes: [{ stream, events: [state("theirs")] }] });
    await on().finish(other, 2);
    await drain(on(), "w");
    expect(await events(stream)).toHaveLength(2);
    const rows = (told: unknown[]) => told.flatMap((value) => (value as { changes: { key: string }[] }).changes);
    expect(rows(await toldTo(on())).map(({ key }) => key)).toEqual(["theirs"]);
    expect(rows(await toldTo(on(), "/watcher/own")).map(({ key }) => key)).toEqual(["mine", "theirs"]);
  });

  test("[WK26] only the collections and operations that were asked for wake; an upsert counts as both", async () => {
    const { next, finish, poll } = on();
    const wake = { ...CHANGE, collections: ["state:x", "inbox"], operations: ["update", "delete"] };
    const source = await pair(on(), declaredObservation("s", entitySource, wake));
    await write(on(), source, 1, state("new", "insert"), state("other", "update", "state:y"));
    expect((await poll("w")).status).toBe(204);
    await write(on(), source, 2, state("u", "upsert"), state("d", "delete"), state("y", "delete", "state:y"));
    await finish(await next("w"));
    expect(await toldTo(on())).toMatchObject([
      {
        changes: [
          { key: "u", operation: "upsert" },
          { key: "d", operation: "delete" },
        ],
      },
    ]);
    await on().send(SOURCE, { payload: 1 });
    expect((await poll("w")).status).toBe(204);
  });

  test("[WK26] of an entity its state, runs, tags and end are told; messages and wakes only to those who name them", async () => {
    const { next, finish, poll, call } = on();
    const source = await pair(
      on(),
      declaredObservation("s", entitySource, CHANGE),
      declaredObservation("inbox", entitySource, { ...CHANGE, collections: ["inbox"] }),
    );
    await on().send(SOURCE, { payload: 1 });
    await finish(await next("w"));
    expect(await toldTo(on())).toMatchObject([{ observe: "observe:inbox", changes: [{ collection: "inbox" }] }]);
    await write(on(), source, 1, row("run_text", "r:0", { runId: "r", text: "x" }));
    await call("POST", `${SOURCE}/signal`, { signal: "interrupt" });
    expect((await poll("w")).status).toBe(204);
    await call("POST", `${SOURCE}/tags/color`, { value: "red" });
    await finish(await next("w"));
    await call("DELETE", SOURCE);
    await finish(await next("w"));
    expect((await toldTo(on())).slice(1)).toMatchObject([
      { observe: "observe:s", changes: [{ collection: "tag", key: "color" }] },
      { observe: "observe:s", changes: [{ collection: "entity_ended", key: "ended" }] },
    ]);
    expect((await poll("w")).status).toBe(204);
  });

  test("[WK27] what changes before the observer is told comes as one wake: a row once, a hundred rows at most", async () => {
    const { next, finish } = on();
    const source = await pair(on(), declaredObservation("s", entitySource, { ...CHANGE, debounceMs: 1 }));
    const many = Array.from({ length: 150 }, (_, n) => state(`k${n}`, "insert"));
    await write(on(), source, 1, ...many);
    await write(
      on(),
      source,
      2,
      state("k0", "update"),
      state("k1", "delete"),
      state("k1", "insert"),
      state("k2", "delete"),
    );
    await on().poll("w");
    on().advance(1);
    await finish(await next("w"));
    const [told, ...others] = await toldTo(on());
    expect(others).toEqual([]);
    const { changes, more } = told as { changes: { key: string; operation: string }[]; more: number };
    expect(more).toBe(50);
    expect(changes).toHaveLength(100);
    expect(changes.slice(0, 3)).toMatchObject([
      { key: "k0", operation: "insert" },
      { key: "k1", operation: "update" },
      { key: "k2", operation: "delete" },
    ]);
  });

  test("[WK28] changes between the handler's reading and its declaration are told, if it says up to where it read", async () => {
    const { runner, spawn, claim, finish, tail, poll, next } = on();
    await runner("s", ["source"]);
    await runner("w", ["watcher"]);
    await spawn(SOURCE);
    const source = await claim("s");
    await write(on(), source, 1, state("read"));
    const from = await tail(mainStream(SOURCE));
    await write(on(), source, 2, state("missed"));
    await spawn("/watcher/late");
    await declare(on(), await next("w"), [declaredObservation("s", entitySource, CHANGE)]);
    await spawn(WATCHER);
    await declare(on(), await next("w"), [declaredObservation("s", entitySource, CHANGE, { from })]);
    await finish(await next("w"));
    expect((await poll("w")).status).toBe(204);
    expect(await toldTo(on())).toMatchObject([{ from, changes: [{ key: "missed" }] }]);
    expect(await toldTo(on(), "/watcher/late")).toEqual([]);
  });

  test("[WK29] what is not there yet can be observed: it is told from its beginning", async () => {
    const { runner, spawn, next, finish, poll, call } = on();
    await runner("w", ["watcher"]);
    await spawn(WATCHER);
    await declare(on(), await next("w"), [
      declaredObservation("s", { kind: "entity", url: SOURCE }, CHANGE),
      declaredObservation("b", { kind: "db", id: "debate/of/today" }, CHANGE),
    ]);
    expect((await poll("w")).status).toBe(204);
    await runner("s", ["source"]);
    await spawn(SOURCE, { tags: { color: "red" } });
    await finish(await next("w"));
    const board = "/_skein/shared-state/debate/of/today";
    expect((await call("PUT", board, undefined, { "content-type": "application/json" })).status).toBe(201);
    expect((await call("POST", board, [state("said")])).status).toBeLessThan(300);
    await finish(await next("w"));
    expect(await toldTo(on())).toMatchObject([
      { source: SOURCE, from: ZERO_OFFSET, changes: [{ collection: "entity_created" }, { collection: "tag" }] },
      { source: board, from: ZERO_OFFSET, changes: [{ key: "said" }] },
    ]);
  });
}

function timeRules(on: () => Fixture): void {
  test("[WK30] changes are gathered for as long as the observer wants, from the first that was not told", async () => {
    const { next, finish, poll, advance } = on();
    const source = await pair(on(), declaredObservation("s", entitySource, { ...CHANGE, debounceMs: 1000 }));
    await write(on(), source, 1, state("a"));
    expect((await poll("w")).status).toBe(204);
    advance(600);
    await write(on(), source, 2, state("b"));
    expect((await poll("w")).status).toBe(204);
    advance(399);
    expect((await poll("w")).status).toBe(204);
    await write(on(), source, 3, state("c"));
    advance(1);
    await finish(await next("w"));
    expect(await toldTo(on())).toMatchObject([{ changes: [{ key: "a" }, { key: "b" }, { key: "c" }] }]);
    await write(on(), source, 4, state("d"));
    expect((await poll("w")).status).toBe(204);
    advance(1000);
    await finish(await next("w"));
    expect(await toldTo(on())).toMatchObject([{}, { changes: [{ key: "d" }] }]);
  });

  test("[WK31] each silence is told once: since the declaration, or since the last wake", async () => {
    const { next, finish, poll, advance } = on();
    const wake = { ...CHANGE, collections: ["state:x"], timeoutMs: 10_000 };
    const source = await pair(on(), declaredObservation("s", entitySource, wake));
    advance(9000);
    await write(on(), source, 1, state("other", "upsert", "state:y"));
    expect((await poll("w")).status).toBe(204);
    advance(1000);
    await finish(await next("w"));
    expect(await toldTo(on())).toMatchObject([
      { reason: "timeout", source: SOURCE, observe: "observe:s", timeoutMs: 10_000 },
    ]);
    advance(20_000);
    expect((await poll("w")).status).toBe(204);
    await on().call("POST", `${SOURCE}/tags/x`, { value: "1" });
    expect((await poll("w")).status).toBe(204);
  });

  test("[WK31] a run that does not end in time is a silence, too", async () => {
    const { next, finish, advance } = on();
    await pair(on(), declaredObservation("s", entitySource, { on: "runFinished", timeoutMs: 5000 }));
    advance(5000);
    await finish(await next("w"));
    expect(await toldTo(on())).toMatchObject([{ reason: "timeout", source: SOURCE, timeoutMs: 5000 }]);
  });

  test("[WK31] a change puts the timeout off, and one that is being gathered is no silence", async () => {
    const { next, finish, poll, advance, call } = on();
    const wake = { ...CHANGE, collections: ["tag"], timeoutMs: 10_000, debounceMs: 3000 };
    await pair(on(), declaredObservation("s", entitySource, wake));
    advance(9000);
    await call("POST", `${SOURCE}/tags/x`, { value: "1" });
    await poll("w");
    advance(2000);
    expect((await poll("w")).status).toBe(204);
    advance(1000);
    await finish(await next("w"));
    advance(9999);
    expect((await poll("w")).status).toBe(204);
    advance(1);
    await finish(await next("w"));
    expect(await toldTo(on())).toMatchObject([{ reason: "change" }, { reason: "timeout" }]);
  });
}

function declarationRules(on: () => Fixture): void {
  test("[WK32] declared again nothing begins anew; with another source it does; taken back it is over", async () => {
    const { next, send, poll, spawn } = on();
    const source = await pair(on(), declaredObservation("s", entitySource, CHANGE));
    await send(WATCHER, { payload: 1 });
    const held = await next("w");
    await write(on(), source, 1, state("meanwhile"));
    expect((await poll("w")).status).toBe(204);
    await declare(on(), held, [declaredObservation("s", entitySource, CHANGE)]);
    expect((await poll("w")).status).toBe(204);
    await send(WATCHER, { payload: 2 });
    await declare(on(), await next("w"), [declaredObservation("s", { kind: "entity", url: "/source/t" }, CHANGE)]);
    expect(await toldTo(on())).toMatchObject([{ changes: [{ key: "meanwhile" }] }]);
    await write(on(), source, 2, state("not told"));
    expect((await poll("w")).status).toBe(204);
    await spawn("/source/t");
    await declare(on(), await next("w"), [row("manifest", "observe:s", undefined, "delete")]);
    await on().call("POST", "/source/t/tags/x", { value: "1" });
    expect((await poll("w")).status).toBe(204);
    expect(await toldTo(on())).toMatchObject([{}, { source: "/source/t" }]);
    expect((await on().store.queryRecords({ collection: "observers", limit: 9 })).records).toEqual([]);
  });

  test("[WK32] with another condition what was not told is judged by the new one", async () => {
    const { next, finish, send } = on();
    const source = await pair(on(), declaredObservation("s", entitySource, { ...CHANGE, collections: ["state:x"] }));
    await write(on(), source, 1, state("a", "upsert", "state:y"));
    await on().poll("w");
    await send(WATCHER, { payload: 1 });
    await declare(on(), await next("w"), [
      declaredObservation("s", entitySource, { ...CHANGE, collections: ["state:y"] }),
    ]);
    await finish(await next("w"));
    expect(await toldTo(on())).toMatchObject([{ changes: [{ collection: "state:y", key: "a" }] }]);
  });

  test("[WK32] a declaration that is not understood refuses the commit, and there are not too many", async () => {
    const { runner, spawn, next, commit, committed } = on();
    await runner("w", ["watcher"]);
    await spawn(WATCHER);
    const held = await next("w");
    const refused = async (...events: ChangeEvent[]) =>
      failure(await commit(held, { seq: 1, writes: [{ stream: mainStream(WATCHER), events }] }));
    for (const event of [
      declaredObservation("x", { kind: "entity", url: "/no/such/url" }, CHANGE),
      declaredObservation("x", { kind: "db", id: "../up" }, CHANGE),
      declaredObservation("x", { kind: "entities" }, CHANGE),
      declaredObservation("x", { kind: "timer" }),
      declaredObservation("x", entitySource, { on: "never" }),
      declaredObservation("x", entitySource, CHANGE, { from: "yesterday" }),
      declaredObservation("x", entitySource, CHANGE, { key: "observe:y" }),
      row("manifest", "observe:x", { key: "observe:x", kind: "child", url: SOURCE }),
    ]) {
      expect(await refused(event)).toMatchObject({ status: 400, code: "invalid_request" });
    }
    const many = Array.from({ length: 501 }, (_, n) => declaredObservation(`${n}`, entitySource, CHANGE));
    expect((await refused(...many)).code).toBe("too_large");
    await committed(held, { seq: 1, writes: [{ stream: mainStream(WATCHER), events: many.slice(0, 500) }] });
    const writes = [{ stream: mainStream(WATCHER), events: many.slice(500) }];
    expect(failure(await commit(held, { seq: 2, writes })).code).toBe("too_large");
  });

  test("[WK39] an observer that was killed is told nothing and leaves nothing behind", async () => {
    const { call, poll, store } = on();
    const source = await pair(
      on(),
      declaredObservation("s", entitySource, CHANGE),
      declaredObservation("cron", { kind: "cron", schedule: { expression: "* * * * *" } }),
    );
    await call("DELETE", WATCHER);
    await write(on(), source, 1, state("a"));
    on().advance(60_000);
    expect((await poll("w")).status).toBe(204);
    expect(await toldTo(on())).toEqual([]);
    for (const collection of ["observers", "observed"]) {
      expect([collection, (await store.queryRecords({ collection, limit: 9 })).records]).toEqual([collection, []]);
    }
  });
}

function runRules(on: () => Fixture): void {
  const run = (key: string, more: object): ChangeEvent[] => [
    row("run", key, { key, status: "started", startedAt: 1 }, "insert"),
    row("run_text", `${key}:0`, { runId: key, text: `said by ${key}` }, "insert"),
    row("run", key, { key, startedAt: 1, endedAt: 2, ...more }, "update"),
  ];

  test("[WK33] the end of a run wakes those who observe for it, with what it said if they want that", async () => {
    const { next, finish, poll } = on();
    const source = await pair(
      on(),
      declaredObservation("all", entitySource, { on: "runFinished" }),
      declaredObservation("bare", entitySource, { on: "runFinished", includeResponse: false }),
    );
    const [begin, text, end] = run("1-0", { status: "completed" });
    if (!begin || !text || !end) throw new Error("A run has three events.");
    await write(on(), source, 1, begin);
    await write(on(), source, 2, text, ...run("1-1", { status: "failed", error: "it broke" }));
    await finish(await next("w"));
    await write(on(), source, 3, end);
    await finish(await next("w"));
    expect((await poll("w")).status).toBe(204);
    const told = (await toldTo(on())) as { observe: string; run: object }[];
    const failed = { key: "1-1", status: "failed", error: "it broke" };
    const completed = { key: "1-0", status: "completed" };
    expect(told.filter(({ observe }) => observe === "observe:all").map(({ run: ended }) => ended)).toEqual([
      { ...failed, response: "said by 1-1" },
      { ...completed, response: "said by 1-0" },
    ]);
    expect(told.filter(({ observe }) => observe === "observe:bare").map(({ run: ended }) => ended)).toEqual([
      failed,
      completed,
    ]);
    expect(told).toMatchObject(told.map(() => ({ reason: "runFinished", source: SOURCE })));
  });

  test("[WK33] a parent that asked at the spawn and observes, too, is told of each run once", async () => {
    const { runner, spawn, claim, finish, committed, poll, next } = on();
    await runner("w", ["watcher"]);
    await runner("s", ["source"]);
    await spawn(WATCHER);
    const held = await next("w");
    const events = [declaredObservation("child", entitySource, { on: "runFinished" })];
    const spawns = [{ type: "source", id: "s", wake: true }];
    await committed(held, { seq: 1, writes: [{ stream: mainStream(WATCHER), events }], spawns });
    await finish(held, 2);
    const child = await claim("s");
    await write(on(), child, 1, ...run("1-0", { status: "completed" }));
    await finish(await next("w"));
    expect((await poll("w")).status).toBe(204);
    expect(await toldTo(on())).toMatchObject([{ reason: "runFinished", run: { response: "said by 1-0" } }]);
  });
}
