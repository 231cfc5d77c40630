import { delayedRow, inboxRow, mainStream, type ChangeEvent } from "@skein/protocol";
import { expect, test } from "vitest";
import { failure } from "../caller.ts";
import { declaredObservation, row, type Fixture } from "../fixture.ts";

const URL = "/hello/a";
const MAIN = mainStream(URL);
const MINUTE = 60_000;

/** Messages and wakes that are due by the clock. */
export function scheduleRules(on: () => Fixture): void {
  delayedRules(on);
  timerRules(on);
}

async function idle({ runner, spawn, next, finish }: Fixture, url = URL): Promise<void> {
  await runner("r", ["hello"]);
  await spawn(url);
  await finish(await next("r"));
}

function delayedRules(on: () => Fixture): void {
  const inbox = async (): Promise<unknown[]> =>
    (await on().events(MAIN))
      .filter(({ type, headers }) => type === "inbox" && headers.operation === "insert")
      .map(({ value }) => inboxRow.parse(value).payload);
  const waiting = async (): Promise<string[]> => {
    const keys = new Set<string>();
    for (const { type, key, headers } of await on().events(MAIN)) {
      if (type !== "delayed") continue;
      if (headers.operation === "delete") keys.delete(key);
      else keys.add(key);
    }
    return [...keys];
  };

  test("[EN30] a delayed message waits for its time by the store's clock, and then is in the inbox once", async () => {
    const { send, poll, next, advance, events } = on();
    await idle(on());
    const now = on().store.now();
    const sent = await send(URL, { payload: "later", afterMs: MINUTE });
    expect(sent).toMatchObject({ dueAt: now + MINUTE, duplicate: false, offset: await on().tail(MAIN) });
    const waits = (await events(MAIN)).at(-1);
    expect(waits).toMatchObject({ type: "delayed", key: sent.key, headers: { operation: "insert" } });
    expect(delayedRow.parse(waits?.value)).toMatchObject({ from: "user:test", payload: "later", dueAt: now + MINUTE });
    advance(MINUTE - 1);
    expect((await poll("r")).status).toBe(204);
    expect(await inbox()).toEqual([]);
    advance(1);
    const held = await next("r");
    expect(held.entity.url).toBe(URL);
    const told = (await events(MAIN)).filter(({ key }) => key === sent.key).slice(1);
    expect(told).toMatchObject([
      { type: "inbox", headers: { operation: "insert", principal: "user:test" }, value: { from: "user:test" } },
      { type: "delayed", headers: { operation: "delete" } },
    ]);
    await on().finish(held);
    advance(10 * MINUTE);
    expect((await poll("r")).status).toBe(204);
    expect(await inbox()).toEqual(["later"]);
    expect((await on().store.queryRecords({ collection: "delayed", limit: 10 })).records).toEqual([]);
  });

  test("[EN30] messages come in the order in which they are due; one that is due already comes at once", async () => {
    const { send, next, advance } = on();
    await idle(on());
    const now = on().store.now();
    await send(URL, { payload: "third", at: now + 3000 });
    await send(URL, { payload: "first", at: now + 1000 });
    await send(URL, { payload: "second", afterMs: 1000 });
    expect((await send(URL, { payload: "past", at: now - 1 })).dueAt).toBeUndefined();
    expect((await send(URL, { payload: "now", afterMs: 0 })).dueAt).toBeUndefined();
    advance(5000);
    await on().finish(await next("r"));
    await on().poll("r");
    expect(await inbox()).toEqual(["past", "now", "first", "second", "third"]);
  });

  test("[EN30] a time that says nothing is refused", async () => {
    await idle(on());
    const tail = await on().tail(MAIN);
    for (const when of [{ at: 1, afterMs: 1 }, { afterMs: -1 }, { at: "soon" }, { afterMs: 1e15 }, { at: 9e15 }]) {
      expect(failure(await on().call("POST", `${URL}/send`, { payload: 1, ...when }))).toMatchObject({
        status: 400,
        code: "invalid_request",
      });
    }
    expect(await on().tail(MAIN)).toBe(tail);
  });

  test("[EN31] a delayed message can be changed, moved and taken back until its time", async () => {
    const { send, call, next, poll, advance } = on();
    await idle(on());
    const now = on().store.now();
    const [edited, moved, gone] = [
      await send(URL, { payload: "a", afterMs: MINUTE }),
      await send(URL, { payload: "b", afterMs: MINUTE }),
      await send(URL, { payload: "c", afterMs: MINUTE }),
    ];
    const path = (key: string) => `${URL}/inbox/${key}`;
    expect((await call("PATCH", path(edited.key), { payload: "A" })).body).toMatchObject({ dueAt: now + MINUTE });
    expect((await call("PATCH", path(moved.key), { afterMs: 2 * MINUTE })).body).toMatchObject({
      dueAt: now + 2 * MINUTE,
    });
    expect(failure(await call("PATCH", path(moved.key), { before: edited.key })).status).toBe(400);
    expect((await call("DELETE", path(gone.key))).status).toBe(204);
    expect(failure(await call("DELETE", path(gone.key))).code).toBe("not_found");
    expect(await waiting()).toEqual([edited.key, moved.key]);
    advance(MINUTE);
    const held = await next("r");
    expect(await inbox()).toEqual(["A"]);
    expect(failure(await call("DELETE", path(edited.key)))).toMatchObject({ status: 409, code: "conflict" });
    await on().finish(held);
    advance(MINUTE);
    expect((await poll("r")).status).toBe(200);
    expect(await inbox()).toEqual(["A", "b"]);
    expect(await waiting()).toEqual([]);
  });

  test("[EN32] a delayed message with an idempotency key is one message, before and after its time", async () => {
    const { send, next, advance } = on();
    await idle(on());
    const body = { payload: 1, afterMs: MINUTE, idempotencyKey: "k" };
    const first = await send(URL, body);
    advance(1000);
    const again = await Promise.all([send(URL, body), send(URL, { payload: 2, idempotencyKey: "k" })]);
    for (const answer of again) expect(answer).toEqual({ ...first, duplicate: true });
    advance(MINUTE);
    await on().finish(await next("r"));
    expect(await send(URL, body)).toEqual({ ...first, duplicate: true });
    advance(2 * MINUTE);
    expect((await on().poll("r")).status).toBe(204);
    expect(await inbox()).toEqual([1]);
  });

  test("[EN33] commits send later, too, and a spawn's first message may wait", async () => {
    const { runner, spawn, next, committed, advance } = on();
    await idle(on());
    await runner("r", ["hello", "other"]);
    await spawn("/other/o");
    const held = await next("r");
    const sends = [{ to: URL, message: { payload: "later", afterMs: 2000 } }];
    const body = { seq: 1, sends, spawns: [{ type: "other", id: "p", initialMessage: { payload: 1, afterMs: 1000 } }] };
    expect((await committed(held, body)).refused).toBeUndefined();
    await committed(held, body);
    await on().finish(held, 2);
    await on().finish(await next("r"));
    expect((await on().poll("r")).status).toBe(204);
    advance(1000);
    expect((await next("r")).entity.url).toBe("/other/p");
    advance(1000);
    expect((await next("r")).entity.url).toBe(URL);
    const events = (await on().events(MAIN)).filter(({ type }) => type === "inbox");
    expect(events).toMatchObject([{ value: { from: "agent:/other/o", payload: "later" } }]);
  });

  test("[EN34] whoever looks when messages are due, and however many at once, each is delivered exactly once", async () => {
    const { runner, send, poll, advance, store } = on();
    await idle(on());
    for (let n = 0; n < 4; n += 1) await runner(`r${n}`, ["hello"]);
    for (let n = 0; n < 20; n += 1) await send(URL, { payload: n, afterMs: 1000 });
    advance(1000);
    const answers = await Promise.all(Array.from({ length: 8 }, (_, n) => poll(`r${n % 4}`)));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    await poll("r");
    expect(await inbox()).toEqual(Array.from({ length: 20 }, (_, n) => n));
    expect((await store.queryRecords({ collection: "delayed", limit: 50 })).records).toEqual([]);
  });

  test("[EN35] what waits for an entity goes with it", async () => {
    const { send, call, poll, advance, store } = on();
    await idle(on());
    const { key } = await send(URL, { payload: 1, afterMs: 1000 });
    await call("DELETE", URL);
    expect((await store.queryRecords({ collection: "delayed", limit: 10 })).records).toEqual([]);
    advance(1000);
    expect((await poll("r")).status).toBe(204);
    expect(await inbox()).toEqual([]);
    expect(failure(await call("DELETE", `${URL}/inbox/${key}`)).code).toBe("entity_ended");
  });
}

function timerRules(on: () => Fixture): void {
  const wakes = async (): Promise<ChangeEvent[]> => (await on().events(MAIN)).filter(({ type }) => type === "wake");
  /** Declares, and lets go. */
  async function declare(...events: ChangeEvent[]): Promise<void> {
    const { runner, spawn, next, committed, tail } = on();
    await runner("r", ["hello"]);
    await spawn(URL);
    const held = await next("r");
    await committed(held, { seq: 1, writes: [{ stream: MAIN, events }], ack: await tail(MAIN), done: true });
  }
  /** To the next full hour. */
  const toTheHour = (): number => {
    on().advance(60 * MINUTE - (on().store.now() % (60 * MINUTE)));
    return on().store.now();
  };
  const every = (expression: string, timeZone?: string): ChangeEvent =>
    declaredObservation("tick", { kind: "cron", schedule: { expression, ...(timeZone && { timeZone }) } });

  test("[WK37] a schedule wakes at each of its times, computed from the expression and never from when it was told", async () => {
    const { next, finish, poll, advance } = on();
    const now = toTheHour();
    await declare(every("*/5 * * * *"));
    advance(5 * MINUTE - 1);
    expect((await poll("r")).status).toBe(204);
    advance(1);
    await finish(await next("r"));
    // Told late, by three minutes: the next one is not.
    advance(8 * MINUTE);
    await finish(await next("r"));
    advance(2 * MINUTE);
    await finish(await next("r"));
    expect((await wakes()).map(({ value }) => value)).toMatchObject(
      [5, 10, 15].map((minutes) => ({
        reason: "cron",
        source: "cron",
        observe: "observe:tick",
        at: now + minutes * MINUTE,
        ticks: 1,
      })),
    );
  });

  test("[WK37] ticks that were missed come as one wake that says how many", async () => {
    const { next, finish, advance } = on();
    const now = toTheHour();
    await declare(every("*/5 * * * *"));
    advance(62 * MINUTE);
    await finish(await next("r"));
    advance(3 * MINUTE);
    await finish(await next("r"));
    expect((await wakes()).map(({ value }) => value)).toMatchObject([
      { at: now + 60 * MINUTE, ticks: 12 },
      { at: now + 65 * MINUTE, ticks: 1 },
    ]);
  });

  test("[WK37] a schedule has a time zone, and keeps its hour over the change to summer time", async () => {
    const { next, finish, advance } = on();
    const { store } = on();
    advance(Date.UTC(2027, 2, 27) - store.now());
    await declare(every("0 9 * * *", "Europe/Berlin"));
    for (let day = 0; day < 2; day += 1) {
      advance(24 * 60 * MINUTE);
      await finish(await next("r"));
    }
    const times = (await wakes()).map(({ value }) => (value as { at: number }).at);
    expect(times).toEqual([Date.UTC(2027, 2, 27, 8), Date.UTC(2027, 2, 28, 7)]);
  });

  test("[WK37] declared again a schedule goes on; taken back it is over; many polls are one tick", async () => {
    const { runner, next, committed, tail, poll, advance, store } = on();
    toTheHour();
    await declare(every("* * * * *"));
    await runner("other", ["hello"]);
    advance(MINUTE);
    const answers = await Promise.all(["r", "other", "r", "other"].map((name) => poll(name)));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(await wakes()).toHaveLength(1);
    advance(30_000);
    // The lease of the one that polled is over; the schedule is where it was.
    const again = await next("r");
    await committed(again, { seq: 1, writes: [{ stream: MAIN, events: [every("* * * * *")] }] });
    advance(29_999);
    await committed(again, { seq: 2, ack: await tail(MAIN), done: true });
    expect((await poll("r")).status).toBe(204);
    advance(1);
    const third = await next("r");
    expect(await wakes()).toHaveLength(2);
    const events = [row("manifest", "observe:tick", undefined, "delete")];
    await committed(third, { seq: 1, writes: [{ stream: MAIN, events }], ack: await tail(MAIN), done: true });
    advance(10 * MINUTE);
    expect((await poll("r")).status).toBe(204);
    expect((await store.queryRecords({ collection: "observers", limit: 10 })).records).toEqual([]);
  });

  test("[WK37] what is no schedule refuses the commit", async () => {
    const { runner, spawn, next, commit } = on();
    await runner("r", ["hello"]);
    await spawn(URL);
    const held = await next("r");
    for (const event of [every("61 * * * *"), every("daily"), every("* * * * *", "Mars/Phobos"), every("? * * * *")]) {
      const refused = failure(await commit(held, { seq: 1, writes: [{ stream: MAIN, events: [event] }] }));
      expect(refused).toMatchObject({ status: 400, code: "invalid_request" });
      expect(refused.message).toContain("observe:tick");
    }
    expect((await on().store.queryRecords({ collection: "observers", limit: 10 })).records).toEqual([]);
  });

  test("[WK38] a timer wakes once, and takes its declaration back", async () => {
    const { next, finish, poll, advance, events, store } = on();
    const now = store.now();
    await declare(
      declaredObservation("nap", { kind: "timer", afterMs: 5000 }),
      declaredObservation("alarm", { kind: "timer", at: now + 3000 }),
    );
    advance(3000);
    await finish(await next("r"));
    advance(1999);
    expect((await poll("r")).status).toBe(204);
    advance(1);
    await finish(await next("r"));
    expect((await wakes()).map(({ value }) => value)).toMatchObject([
      { reason: "timer", observe: "observe:alarm", at: now + 3000 },
      { reason: "timer", observe: "observe:nap", at: now + 5000 },
    ]);
    const gone = (await events(MAIN)).filter(({ headers }) => headers.operation === "delete");
    expect(gone.map(({ key }) => key)).toEqual(["observe:alarm", "observe:nap"]);
    advance(MINUTE);
    expect((await poll("r")).status).toBe(204);
    expect((await store.queryRecords({ collection: "observers", limit: 10 })).records).toEqual([]);
  });
}
