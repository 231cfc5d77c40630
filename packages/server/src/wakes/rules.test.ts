import { expect, test } from "vitest";
import type { WakeRecord } from "../records/collections.ts";
import { createDraft } from "../records/draft.ts";
import { createSnapshot } from "../records/snapshot.ts";
import { acknowledged, checkClaim, claimed, isDue, markReady, newWake, readied, released, renewed } from "./rules.ts";

const ready = newWake("/hello/a", "hello", 100);
const claim = { hash: "h", holder: "r", leaseUntil: 500 };
const held = claimed(ready, claim);
const idle = released(acknowledged(held, 3), false, 200);

test("[WK1] a wake goes from ready to claimed to idle and back", () => {
  expect(ready).toMatchObject({ state: "ready", generation: 0, claimableAt: 100 });
  expect(held).toMatchObject({ state: "claimed", generation: 1, claimableAt: 500, claim });
  expect(idle).toEqual({ entity: "/hello/a", type: "hello", state: "idle", generation: 1, acked: 3, attempts: 0 });
  expect(readied(idle, 300)).toMatchObject({ state: "ready", claimableAt: 300, generation: 1 });
});

test("[WK1] new input only checks what is ready or claimed, so that senders do not stand in each other's way", () => {
  const operations = (wake: WakeRecord) => {
    const snapshot = createSnapshot();
    snapshot.set("wakes", wake.entity, { id: wake.entity, version: 7, value: wake });
    const draft = createDraft(snapshot);
    markReady(draft, wake.entity, 900);
    markReady(draft, wake.entity, 900);
    return draft.build().operations;
  };
  const check = { kind: "check-record", collection: "wakes", id: "/hello/a", expectedVersion: 7 };
  expect(operations(ready)).toEqual([check]);
  expect(operations(held)).toEqual([check]);
  expect(operations(idle)).toMatchObject([
    { kind: "put-record", expectedVersion: 7, value: { state: "ready", claimableAt: 900 } },
  ]);
});

test("[WK3] a claim is due again when its lease is over, and not before", () => {
  expect([isDue(held, 499), isDue(held, 500), isDue(idle, 1e9)]).toEqual([false, true, false]);
  expect(isDue(renewed(held, 800), 500)).toBe(false);
});

test("[WK4] a claim is judged by its secret, its generation and its lease", () => {
  const judge = (wake: WakeRecord | undefined, hash = "h", generation = 1, now = 499) =>
    checkClaim(wake, { hash, generation }, now)?.code;
  expect(judge(held)).toBeUndefined();
  expect(judge(held, "other")).toBe("fenced");
  expect(judge(held, "h", 0)).toBe("fenced");
  expect(judge(held, "h", 1, 500)).toBe("fenced");
  expect(judge(idle)).toBe("fenced");
  expect(judge(undefined)).toBe("fenced");
});

test("[WK14] each release without an acknowledgement waits longer, up to half a minute; one starts again", () => {
  let wake: WakeRecord = ready;
  const waits: number[] = [];
  for (let round = 0; round < 12; round += 1) {
    wake = released(claimed(wake, claim), true, 1000);
    waits.push((wake.claimableAt ?? 0) - 1000);
  }
  expect(waits).toEqual([0, 200, 400, 800, 1600, 3200, 6400, 12_800, 25_600, 30_000, 30_000, 30_000]);
  const moved = released(acknowledged(claimed(wake, claim), 9), true, 1000);
  expect(moved).toMatchObject({ claimableAt: 1000, attempts: 0, acked: 9 });
  expect(acknowledged(moved, 4)).toBe(moved);
});

test("[EN18] what is held is never due, whatever happens to it", () => {
  const paused: WakeRecord = { ...idle, held: "paused" };
  expect(isDue(readied(paused, 1), 1e9)).toBe(false);
  expect(isDue(released({ ...held, held: "stopped" }, true, 1), 1e9)).toBe(false);
  expect(isDue(renewed({ ...held, held: "stopped" }, 2), 1e9)).toBe(false);
});
