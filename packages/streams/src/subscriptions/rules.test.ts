import { expect, test } from "vitest";
import {
  claimed,
  delayAfter,
  HANDLER_BACKOFF,
  IDLE,
  isDue,
  judgeClaim,
  OFFER_BACKOFF,
  progressed,
  readied,
  released,
  renewed,
  type Dispatch,
} from "./rules.ts";

const lease = { hash: "h", holder: "w", leaseUntil: 500 };
const ready = readied(IDLE, 100);
const held = claimed(ready, lease);

test("[SB9] each claim raises the generation, and only its secret, generation and lease together hold", () => {
  expect(held).toMatchObject({ state: "claimed", generation: 1, attempts: 1, claimableAt: 500 });
  expect(claimed(held, lease).generation).toBe(2);
  const judge = (unit: Dispatch | undefined, hash = "h", generation = 1, now = 499) =>
    judgeClaim(unit, { hash, generation }, now);
  expect(judge(held)).toBe("holds");
  expect(judge(held, "other")).toBe("another-secret");
  expect(judge(held, "h", 2)).toBe("over");
  expect(judge(undefined)).toBe("over");
  expect(judge(released(held, false, 1))).toBe("over");
});

test("[SB10] a lease that ran out is due and is not revived", () => {
  expect([isDue(held, 499), isDue(held, 500)]).toEqual([false, true]);
  expect(judgeClaim(held, { hash: "h", generation: 1 }, 500)).toBe("expired");
  expect(isDue(renewed(held, 800), 799)).toBe(false);
  expect(renewed(ready, 800)).toBe(ready);
});

test("[SB13] giving back costs nothing the first time and then ever more; progress begins anew", () => {
  const waits: number[] = [];
  let unit: Dispatch = ready;
  for (let round = 0; round < 10; round += 1) {
    unit = released(claimed(unit, lease), true, 1000);
    waits.push((unit.claimableAt ?? 0) - 1000);
  }
  expect(waits).toEqual([0, 200, 400, 800, 1600, 3200, 6400, 12_800, 25_600, 30_000]);
  expect(released(progressed(claimed(unit, lease)), true, 1000).claimableAt).toBe(1000);
  expect(released(held, false, 1000)).toEqual({ state: "idle", generation: 1, attempts: 1 });
});

test("[SB15][SB22] what nobody takes is offered after 1 s, then ever later, up to a minute", () => {
  const delays = Array.from({ length: 9 }, (_, n) => delayAfter(n, OFFER_BACKOFF));
  expect(delays).toEqual([0, 1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000]);
  expect(delayAfter(10_000, HANDLER_BACKOFF)).toBe(30_000);
});

test("[SB26] a held unit is never due, whatever happens to it", () => {
  const paused: Dispatch = { ...IDLE, held: "paused" };
  expect(isDue(readied(paused, 1), 1e9)).toBe(false);
  expect(isDue(released({ ...held, held: "stopped" }, true, 1), 1e9)).toBe(false);
  expect(isDue(renewed({ ...held, held: "stopped" }, 2), 1e9)).toBe(false);
});
