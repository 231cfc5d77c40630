import type { Claim } from "@skein/protocol";
import { claim as claimSchema } from "@skein/protocol";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { read } from "../caller.ts";
import type { Fixture } from "../fixture.ts";
import { claimed, type Claimed } from "../hook.ts";

const LEASE = 30_000;

/** What a lease is held on. Both doors are asked in the same words, so that the rules are the same for both. */
interface Unit<Held> {
  readonly silent: boolean;
  /** Makes it, with one piece of work. */
  make(workers: number): Promise<void>;
  claim(worker: number): Promise<Held | undefined>;
  generation(held: Held): number;
  /** True: the lease is renewed; false: it is lost. */
  renew(held: Held): Promise<boolean>;
  /** Ends the claim with its work done; false: it was lost. */
  finish(held: Held): Promise<boolean>;
  more(): Promise<void>;
}

/** One of many, time, and fences: with the store's clock in the test's hands. */
export function leaseRules(on: () => Fixture): void {
  describe("of an entity", () => rulesOf(on, entityUnit(on)));
  describe("of a subscription", () => rulesOf(on, subscriptionUnit(on)));
}

function rulesOf<Held>(on: () => Fixture, unit: Unit<Held>): void {
  const must = async (worker: number): Promise<Held> => {
    const held = await unit.claim(worker);
    if (held === undefined) throw new Error(`Worker ${worker} got no claim.`);
    return held;
  };

  test("[LE1] one of N claims wins, however often they ask, and again when the lease has run out", async () => {
    const workers = Array.from({ length: 6 }, (_, n) => n);
    await unit.make(workers.length);
    let before = 0;
    for (let round = 0; round < 2; round += 1) {
      const held = await Promise.all([...workers, ...workers].map((worker) => unit.claim(worker)));
      const winners = held.filter((one) => one !== undefined);
      expect(winners).toHaveLength(1);
      const generation = unit.generation(must1(winners));
      expect(generation).toBeGreaterThan(before);
      before = generation;
      on().advance(LEASE);
    }
  });

  test("[LE2] a heartbeat in time renews, to the millisecond; a late one revives nothing, though nobody else has claimed", async () => {
    await unit.make(2);
    const held = await must(0);
    for (let beat = 0; beat < 3; beat += 1) {
      on().advance(LEASE - 1);
      expect(await unit.renew(held)).toBe(true);
      expect(await unit.claim(1)).toBeUndefined();
    }
    on().advance(LEASE);
    expect(await unit.renew(held)).toBe(false);
    expect(await unit.renew(held)).toBe(false);
    expect(await unit.finish(held)).toBe(false);
    expect(await unit.claim(1)).toBeDefined();
    expect(await unit.renew(held)).toBe(false);
  });

  test("[LE3] expiry needs no janitor: nothing is written until somebody claims", async () => {
    const { dump, advance } = on();
    await unit.make(2);
    await must(0);
    advance(LEASE - 1);
    expect(await unit.claim(1)).toBeUndefined();
    const before = await dump();
    advance(10 * 60 * 1000);
    // Of a subscription its workers are told again meanwhile, which lets nobody in or out.
    if (unit.silent) expect(await dump()).toEqual(before);
    expect(await unit.claim(1)).toBeDefined();
    expect(await dump()).not.toEqual(before);
  });

  test("[LE4] a higher epoch fences: the older claim renews nothing, ends nothing and does not disturb the newer", async () => {
    await unit.make(2);
    const old = await must(0);
    on().advance(LEASE);
    const held = await must(1);
    expect(unit.generation(held)).toBeGreaterThan(unit.generation(old));
    expect(await unit.renew(old)).toBe(false);
    expect(await unit.finish(old)).toBe(false);
    on().advance(LEASE - 1);
    expect(await unit.renew(held)).toBe(true);
    expect(await unit.finish(held)).toBe(true);
    expect(await unit.renew(held)).toBe(false);
    expect(await unit.claim(0)).toBeUndefined();
  });

  test("[LE5] a claim that ended well is not there any more, and the next work is claimed under a higher epoch at once", async () => {
    await unit.make(2);
    const first = await must(0);
    expect(await unit.finish(first)).toBe(true);
    expect(await unit.claim(1)).toBeUndefined();
    await unit.more();
    const next = await must(1);
    expect(unit.generation(next)).toBeGreaterThan(unit.generation(first));
    expect(await unit.renew(first)).toBe(false);
    expect(await unit.renew(next)).toBe(true);
  });
}

function must1<T>(list: readonly T[]): T {
  const [first] = list;
  if (first === undefined) throw new Error("There is none.");
  return first;
}

function entityUnit(on: () => Fixture): Unit<Claim> {
  const url = "/hello/a";
  let seq = 0;
  return {
    silent: true,
    async make(workers) {
      seq = 0;
      for (let worker = 0; worker < workers; worker += 1) await on().runner(`r${worker}`, ["hello"]);
      await on().spawn(url, { initialMessage: { payload: 1 } });
    },
    async claim(worker) {
      const answer = await on().poll(`r${worker}`);
      return answer.status === 204 ? undefined : read(claimSchema, answer);
    },
    generation: ({ generation }) => generation,
    async renew({ claimId, generation }) {
      const { status } = await on().call("POST", `${url}/claim/heartbeat`, { claimId, generation });
      return status === 200;
    },
    async finish(held) {
      const ack = await on().tail(`${url}/main`);
      const { status } = await on().commit(held, { seq: (seq += 1), ack, done: true });
      if (status !== 200) seq -= 1;
      else seq = 0;
      return status === 200;
    },
    async more() {
      await on().send(url, { payload: 2 });
    },
  };
}

function subscriptionUnit(on: () => Fixture): Unit<Claimed> {
  const path = "/v1/stream/__ds/subscriptions/pool";
  const ask = async (held: Claimed, body: object): Promise<boolean> => {
    const { wake_id, generation, token } = held;
    const headers = { authorization: `Bearer ${token}` };
    const { status } = await on().call("POST", `${path}/ack`, { wake_id, generation, ...body }, headers);
    return status < 300;
  };
  return {
    silent: false,
    async make() {
      await on().call("PUT", "/v1/stream/jobs", "[]");
      const body = { type: "pull-wake", streams: ["jobs"], wake_stream: "wakes", lease_ttl_ms: LEASE };
      read(z.unknown(), await on().call("PUT", path, body));
      await on().call("POST", "/v1/stream/jobs", "[1]");
    },
    async claim(worker) {
      const answer = await on().call("POST", `${path}/claim`, { worker: `w${worker}` });
      return answer.status === 200 ? read(claimed, answer) : undefined;
    },
    generation: ({ generation }) => generation,
    renew: (held) => ask(held, {}),
    finish: (held) =>
      ask(held, {
        acks: held.streams.map(({ path: stream, tail_offset }) => ({ stream, offset: tail_offset })),
        done: true,
      }),
    async more() {
      await on().call("POST", "/v1/stream/jobs", "[2]");
    },
  };
}
