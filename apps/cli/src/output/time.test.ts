import { expect, test } from "vitest";
import { ago, duration, size } from "./time.ts";

test("how long ago has one unit", () => {
  const now = Date.UTC(2026, 10, 22, 12);
  const minutes = (n: number): number => now - n * 60_000;
  expect([0, 59, 60 * 5, 60 * 24 * 3, 60 * 24 * 40].map((n) => ago(minutes(n), now))).toEqual([
    "now",
    "59m",
    "5h",
    "3d",
    "2026-10-13",
  ]);
  expect(ago(now + 5_000, now)).toBe("now");
});

test("durations and sizes are short", () => {
  expect([850, 4_210, 200_000].map(duration)).toEqual(["850 ms", "4.2 s", "3m 20s"]);
  expect([12, 3_500, 1_300_000].map(size)).toEqual(["12 B", "3.4 KB", "1.2 MB"]);
});
