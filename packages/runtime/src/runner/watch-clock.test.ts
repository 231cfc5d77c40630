import { expect, test } from "vitest";
import { createManualClock } from "../testing/manual-clock.ts";
import { watchClock } from "./watch-clock.ts";

test("[RT30] a machine that slept is noticed within a second of waking, and a slow one is not taken for it", async () => {
  const clock = createManualClock();
  let jumps = 0;
  const stop = watchClock(clock, () => (jumps += 1));
  await clock.advance(60_000);
  clock.jump(4_000);
  await clock.advance(1_000);
  expect(jumps).toBe(0);
  clock.jump(3_600_000);
  await clock.advance(1_000);
  expect(jumps).toBe(1);
  stop();
  expect(clock.pending).toBe(0);
});
