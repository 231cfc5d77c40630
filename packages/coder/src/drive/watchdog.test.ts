import { expect, test } from "vitest";
import { createManualClock } from "../testing/manual-clock.ts";
import { createWatchdog } from "./watchdog.ts";

function lab() {
  const clock = createManualClock();
  const seen: string[] = [];
  let excused = false;
  const watchdog = createWatchdog({
    clock,
    noticeMs: 100,
    abortMs: 1000,
    isExcused: () => excused,
    onNotice: (ms) => seen.push(`notice ${String(ms)}`),
    onAbort: (ms) => seen.push(`abort ${String(ms)}`),
  });
  return { clock, seen, watchdog, excuse: (value: boolean) => (excused = value) };
}

test("[CD24] silence is told once, and then ends the turn", () => {
  const { clock, seen } = lab();
  clock.pass(99);
  expect(seen).toEqual([]);
  clock.pass(1);
  expect(seen).toEqual(["notice 100"]);
  clock.pass(899);
  expect(seen).toEqual(["notice 100"]);
  clock.pass(1);
  expect(seen).toEqual(["notice 100", "abort 1000"]);
  clock.pass(10_000);
  expect(seen).toHaveLength(2);
});

test("[CD24] a sign of life begins it anew, and the end of the turn ends it", () => {
  const { clock, seen, watchdog } = lab();
  for (let beat = 0; beat < 5; beat += 1) {
    clock.pass(90);
    watchdog.beat();
  }
  watchdog.stop();
  watchdog.beat();
  clock.pass(10_000);
  expect(seen).toEqual([]);
});

test("[CD24] silence while a command runs or a person is asked is none", () => {
  const { clock, seen, excuse } = lab();
  excuse(true);
  clock.pass(100_000);
  expect(seen).toEqual([]);
  excuse(false);
  clock.pass(100);
  expect(seen).toEqual(["notice 100"]);
});
