import { formatOffset, ZERO_OFFSET } from "@skein/protocol";
import { afterEach, beforeEach, expect, test } from "vitest";
import { subscribed, type Subscribed } from "../testing/subscribed.ts";

let on: Subscribed;
beforeEach(() => {
  on = subscribed();
});
afterEach(async () => {
  await on.close();
  expect(on.errors).toEqual([]);
});

test("[SB2] streams that are there begin at their end, later ones with their first message", async () => {
  await on.append("events/old", 1, 2);
  await on.pullWake("s", { pattern: "events/*", streams: ["named/later"] });
  expect((await on.claim("s")).body).toMatchObject({ error: { code: "NO_PENDING_WORK" } });
  await on.append("events/old", 3);
  await on.append("events/new", 1);
  await on.append("named/later", 1);
  await on.append("elsewhere", 1);
  const { streams } = await on.claimed("s");
  const told = streams.map(({ path, acked_offset, tail_offset }) => `${path} ${acked_offset} ${tail_offset}`);
  expect(told.sort()).toEqual([
    `events/new ${ZERO_OFFSET} ${formatOffset(1)}`,
    `events/old ${formatOffset(2)} ${formatOffset(3)}`,
    `named/later ${ZERO_OFFSET} ${formatOffset(1)}`,
  ]);
});

test("[SB2] a fork's inherited messages are no news; a stream that is made again begins anew", async () => {
  await on.append("source", 1, 2, 3);
  await on.pullWake("s", { pattern: "events/*" });
  await on.store.commit([{ kind: "fork-stream", path: "/v1/stream/events/fork", from: "/v1/stream/source" }]);
  await on.append("events/again", 1, 2, 3);
  const first = await on.claimed("s");
  expect(first.streams.map(({ path }) => path)).toEqual(["events/again"]);
  await on.finish("s", first);
  await on.send("DELETE", "events/again");
  await on.append("events/again", 4);
  await on.append("events/fork", 4);
  const { streams } = await on.claimed("s");
  expect(streams.map(({ path, acked_offset }) => `${path} ${acked_offset}`).sort()).toEqual([
    `events/again ${ZERO_OFFSET}`,
    `events/fork ${formatOffset(3)}`,
  ]);
});

test("[SB8] of many workers that claim at once one gets the lease, and the others are told who has it", async () => {
  await on.pullWake("s", { pattern: "events/*" });
  expect((await on.claim("nobody")).status).toBe(404);
  await on.append("events/a", 1);
  const answers = await Promise.all(Array.from({ length: 8 }, (_, n) => on.claim("s", { worker: `w${n}` })));
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
  const winner = `w${answers.findIndex(({ status }) => status === 200)}`;
  for (const { status, body } of answers.filter((answer) => answer.status !== 200)) {
    expect([status, body]).toMatchObject([409, { error: { code: "ALREADY_CLAIMED", current_holder: winner } }]);
  }
});

test("[SB9] what an earlier claim says is fenced, a wrong token is refused, and tokens are not kept", async () => {
  await on.pullWake("s", { pattern: "events/*" });
  await on.append("events/a", 1);
  const old = await on.claimed("s");
  expect((await on.ack("s", { ...old, token: "guess" })).body).toMatchObject({ error: { code: "TOKEN_INVALID" } });
  expect((await on.send("POST", "__ds/subscriptions/s/ack", { ...old })).status).toBe(401);
  on.advance(10_000);
  const now = await on.claimed("s", { worker: "other" });
  expect(now.generation).toBe(old.generation + 1);
  for (const claim of [old, { ...now, generation: old.generation }, { ...now, wake_id: old.wake_id }]) {
    expect((await on.ack("s", claim, { done: true })).body).toMatchObject({ error: { code: "FENCED" } });
  }
  const { records } = await on.store.queryRecords({ collection: "ds_units", limit: 10 });
  expect(JSON.stringify(records)).not.toContain(now.token);
  expect((await on.finish("s", now)).body).toEqual({ ok: true, next_wake: false });
  expect((await on.finish("s", now)).body).toMatchObject({ error: { code: "FENCED" } });
});

test("[SB10] an acknowledgement renews the lease; a late one revives nothing", async () => {
  await on.pullWake("s", { pattern: "events/*" });
  await on.append("events/a", 1);
  const held = await on.claimed("s");
  on.advance(9000);
  expect((await on.ack("s", held)).body).toEqual({ ok: true, next_wake: false });
  on.advance(9999);
  expect((await on.ack("s", held)).status).toBe(200);
  on.advance(10_000);
  expect((await on.ack("s", held)).body).toMatchObject({ error: { code: "FENCED" } });
});

test("[SB11] acknowledgements go forwards and within the stream, and take effect together or not at all", async () => {
  await on.pullWake("s", { pattern: "events/*" });
  await on.append("events/a", 1, 2, 3);
  const held = await on.claimed("s");
  const ack = (...offsets: (readonly [string, string])[]) =>
    on.ack("s", held, { acks: offsets.map(([stream, offset]) => ({ stream, offset })) });
  expect((await ack(["events/a", formatOffset(2)])).status).toBe(200);
  for (const wrong of [
    ["events/a", formatOffset(1)],
    ["events/a", formatOffset(4)],
    ["events/a", "nonsense"],
    ["events/other", formatOffset(0)],
    ["elsewhere", formatOffset(0)],
  ] as const) {
    const { status, body } = await ack(["events/a", formatOffset(3)], wrong);
    expect([status, body], wrong.join(" ")).toMatchObject([409, { error: { code: "INVALID_OFFSET" } }]);
  }
  const { body } = await on.send("GET", "__ds/subscriptions/s");
  expect(body).toMatchObject({ streams: [{ path: "events/a", acked_offset: formatOffset(2) }] });
});

test("[SB12] what came while somebody worked is the next wake", async () => {
  await on.pullWake("s", { pattern: "events/*" });
  await on.append("events/a", 1);
  const held = await on.claimed("s");
  await on.append("events/a", 2);
  await on.append("events/b", 1);
  expect((await on.finish("s", held)).body).toEqual({ ok: true, next_wake: true });
  const next = await on.claimed("s");
  expect(next.streams.map(({ path }) => path).sort()).toEqual(["events/a", "events/b"]);
  expect((await on.finish("s", next)).body).toEqual({ ok: true, next_wake: false });
});

test("[SB12] more streams than one claim tells of are told with the next", async () => {
  await on.pullWake("s", { pattern: "events/*" });
  for (let n = 0; n < 150; n += 1) await on.append(`events/${n}`, n);
  const seen: string[] = [];
  for (let round = 0; round < 2; round += 1) {
    const held = await on.claimed("s");
    seen.push(...held.streams.map(({ path }) => path));
    expect((await on.finish("s", held)).body).toEqual({ ok: true, next_wake: round === 0 });
  }
  expect(new Set(seen).size).toBe(150);
});

test("[SB13] work that is given back is offered at once, then later and later until something is acknowledged", async () => {
  await on.pullWake("s", { pattern: "events/*" });
  await on.append("events/a", 1, 2);
  const release = ({ wake_id, generation, token }: Awaited<ReturnType<Subscribed["claimed"]>>) =>
    on.send("POST", "__ds/subscriptions/s/release", { wake_id, generation }, token);
  expect((await release(await on.claimed("s"))).status).toBe(204);
  expect((await release(await on.claimed("s"))).status).toBe(204);
  expect((await on.claim("s")).body).toMatchObject({ error: { code: "NO_PENDING_WORK", retry_after_ms: 200 } });
  on.advance(200);
  const held = await on.claimed("s");
  const acks = [{ stream: "events/a", offset: formatOffset(1) }];
  expect((await on.ack("s", held, { acks, done: true })).body).toEqual({ ok: true, next_wake: true });
  expect((await on.claim("s")).status).toBe(200);
});

test("[SB14] with a lease for each stream they are worked on side by side, each under its own generation", async () => {
  await on.pullWake("s", { pattern: "inbox/*", lease_scope: "stream" });
  await on.append("inbox/a", 1);
  await on.append("inbox/b", 1);
  const wakes = await on.wakes();
  expect(wakes.map(({ stream, generation }) => `${stream} ${generation}`).sort()).toEqual(["inbox/a 1", "inbox/b 1"]);
  const a = await on.claimed("s", { worker: "x", stream: "inbox/a" });
  const b = await on.claimed("s", { worker: "y" });
  expect([a.streams, b.streams]).toMatchObject([[{ path: "inbox/a" }], [{ path: "inbox/b" }]]);
  expect((await on.claim("s", { stream: "inbox/a" })).body).toMatchObject({ error: { current_holder: "x" } });
  await on.append("inbox/b", 2);
  expect((await on.ack("s", a, { acks: [{ stream: "inbox/b", offset: formatOffset(1) }] })).status).toBe(409);
  expect((await on.finish("s", a)).body).toEqual({ ok: true, next_wake: false });
  expect((await on.finish("s", b)).body).toEqual({ ok: true, next_wake: true });
});
