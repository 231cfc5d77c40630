import { formatOffset, parseOffset } from "@skein/protocol";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { claimedBody, subscribed, type Claimed, type Subscribed } from "../testing/subscribed.ts";

/**
 * Subscriptions against a model that is as simple as what they promise: a stream has a head and an acknowledged
 * position, a unit has a holder and the time until which it holds, and work is whatever lies in between.
 */
const LEASE = 10_000;
const STREAMS = ["events/a", "events/b", "events/c"] as const;

interface Unit {
  generation: number;
  holder: { claim: Claimed; until: number } | undefined;
  /** Claims since something was acknowledged: a unit that is only given back is offered later each time. */
  attempts: number;
  claimableAt: number;
}

interface Model {
  time: number;
  readonly heads: Map<string, number>;
  readonly acked: Map<string, number>;
  readonly units: Map<string, Unit>;
  readonly old: Claimed[];
}

type Step =
  | { readonly kind: "append"; readonly stream: number }
  | { readonly kind: "claim"; readonly stream: number }
  | { readonly kind: "ack"; readonly stream: number; readonly part: number; readonly done: boolean }
  | { readonly kind: "stale"; readonly which: number }
  | { readonly kind: "wait"; readonly ms: number }
  | { readonly kind: "look" };

const stream = fc.nat({ max: STREAMS.length - 1 });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("append" as const), stream }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("claim" as const), stream }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("ack" as const),
      stream,
      part: fc.double({ min: 0, max: 1, noNaN: true }),
      done: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("stale" as const), which: fc.nat({ max: 20 }) }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant("wait" as const), ms: fc.constantFrom(1, 250, 5000, LEASE, 60_000) }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("look" as const) }) },
);

for (const scope of ["subscription", "stream"] as const) {
  test(`[SB8][SB9][SB10][SB11][SB12] any history agrees with the model, one lease for each ${scope}`, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 60 }), async (steps) => {
        const on = subscribed();
        await on.pullWake("s", { pattern: "events/*", lease_ttl_ms: LEASE, lease_scope: scope });
        const model: Model = { time: 0, heads: new Map(), acked: new Map(), units: new Map(), old: [] };
        for (const one of steps) await take(on, model, scope, one);
        await drain(on, model, scope);
        await on.close();
        expect(on.errors).toEqual([]);
      }),
      { numRuns: 60, seed: 20_26 },
    );
  });
}

function unitName(scope: string, path: string): string {
  return scope === "stream" ? path : "all";
}

function unitOf(model: Model, name: string): Unit {
  const unit = model.units.get(name) ?? { generation: 0, holder: undefined, attempts: 0, claimableAt: 0 };
  model.units.set(name, unit);
  return unit;
}

function pendingOf(model: Model, scope: string, name: string): string[] {
  return STREAMS.filter(
    (path) => unitName(scope, path) === name && (model.acked.get(path) ?? 0) < (model.heads.get(path) ?? 0),
  );
}

const holds = (model: Model, unit: Unit): boolean => unit.holder !== undefined && unit.holder.until > model.time;

async function take(on: Subscribed, model: Model, scope: string, one: Step): Promise<void> {
  switch (one.kind) {
    case "append": {
      const path = STREAMS[one.stream] ?? "events/a";
      await on.append(path, 1);
      model.heads.set(path, (model.heads.get(path) ?? 0) + 1);
      return;
    }
    case "claim":
      return claim(on, model, scope, STREAMS[one.stream] ?? "events/a");
    case "ack":
      return ack(on, model, scope, one);
    case "stale": {
      const old = model.old[one.which % Math.max(model.old.length, 1)];
      if (old === undefined) return;
      expect((await on.ack("s", old, { done: true })).body).toMatchObject({ error: { code: "FENCED" } });
      return;
    }
    case "wait":
      on.advance(one.ms);
      model.time += one.ms;
      // Whether a look came between a lease's end and the next claim changes when it is offered, not whether.
      return expire(on, model, scope);
    case "look":
      return on.subscriptions.run();
  }
}

async function expire(on: Subscribed, model: Model, scope: string): Promise<void> {
  await on.subscriptions.run();
  for (const [name, unit] of model.units) {
    if (unit.holder === undefined || unit.holder.until > model.time) continue;
    model.old.push(unit.holder.claim);
    unit.holder = undefined;
    unit.claimableAt = pendingOf(model, scope, name).length > 0 ? model.time + delay(unit.attempts) : 0;
  }
}

const delay = (attempts: number): number => (attempts <= 1 ? 0 : Math.min(200 * 2 ** (attempts - 2), 30_000));

async function claim(on: Subscribed, model: Model, scope: string, path: string): Promise<void> {
  const name = unitName(scope, path);
  const unit = unitOf(model, name);
  const { status, body } = await on.claim("s", scope === "stream" ? { stream: path } : {});
  if (holds(model, unit)) return expect(body).toMatchObject({ error: { code: "ALREADY_CLAIMED" } });
  const pending = pendingOf(model, scope, name);
  if (pending.length === 0 || unit.claimableAt > model.time) {
    return expect(body).toMatchObject({ error: { code: "NO_PENDING_WORK" } });
  }
  expect(status, JSON.stringify(body)).toBe(200);
  const taken = claimedBody.parse(body);
  expect(taken.streams.map((item) => item.path).sort()).toEqual(pending.sort());
  for (const item of taken.streams) {
    expect([parseOffset(item.acked_offset), parseOffset(item.tail_offset)]).toEqual([
      model.acked.get(item.path) ?? 0,
      model.heads.get(item.path),
    ]);
  }
  unit.generation += 1;
  expect(taken.generation).toBe(unit.generation);
  unit.attempts += 1;
  unit.holder = { claim: taken, until: model.time + LEASE };
}

async function ack(on: Subscribed, model: Model, scope: string, one: Extract<Step, { kind: "ack" }>): Promise<void> {
  const path = STREAMS[one.stream] ?? "events/a";
  const name = unitName(scope, path);
  const unit = unitOf(model, name);
  const { holder } = unit;
  if (holder === undefined) return;
  const [from, head] = [model.acked.get(path) ?? 0, model.heads.get(path) ?? 0];
  const to = from + Math.round((head - from) * one.part);
  const acks = head === 0 ? [] : [{ stream: path, offset: formatOffset(to) }];
  const { status, body } = await on.ack("s", holder.claim, { acks, done: one.done });
  expect(status, JSON.stringify(body)).toBe(200);
  if (to > from) {
    model.acked.set(path, to);
    unit.attempts = 0;
  }
  const more = one.done && pendingOf(model, scope, name).length > 0;
  expect(body).toEqual({ ok: true, next_wake: more });
  if (!one.done) {
    holder.until = model.time + LEASE;
    return;
  }
  model.old.push(holder.claim);
  unit.holder = undefined;
  unit.claimableAt = more ? model.time + delay(unit.attempts) : 0;
}

/** Whatever happened: in the end there is a wake for all that is left, and it can be dealt with. */
async function drain(on: Subscribed, model: Model, scope: string): Promise<void> {
  await take(on, model, scope, { kind: "wait", ms: 10 * 60_000 });
  await take(on, model, scope, { kind: "wait", ms: 10 * 60_000 });
  const names = new Set(STREAMS.map((path) => unitName(scope, path)));
  for (const name of names) {
    if (pendingOf(model, scope, name).length === 0) continue;
    const { generation } = unitOf(model, name);
    const wakes = await on.wakes();
    expect(wakes.some((wake) => wake.generation === generation + 1)).toBe(true);
    const held = await on.claimed("s", scope === "stream" ? { stream: name } : {});
    expect((await on.finish("s", held)).body).toEqual({ ok: true, next_wake: false });
  }
  expect((await on.claim("s")).body).toMatchObject({ error: { code: "NO_PENDING_WORK" } });
}
