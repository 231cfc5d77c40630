import { expect, test } from "vitest";
import { cronSchedule, MAX_COUNTED_TICKS, nextTick, ticksUntil } from "./cron.ts";

const schedule = (expression: string, timeZone = "UTC") => cronSchedule.parse({ expression, timeZone });
const times = (from: string, count: number, of: ReturnType<typeof schedule>): string[] => {
  let at = Date.parse(from);
  return Array.from({ length: count }, () => {
    at = nextTick(of, at) ?? Infinity;
    return new Date(at).toISOString();
  });
};

test("[WK37] the hour that summer time leaves out is made up for, and the one that comes twice is taken once", () => {
  const daily = schedule("30 2 * * *", "Europe/Berlin");
  expect(times("2026-03-27T12:00:00Z", 3, daily)).toEqual([
    "2026-03-28T01:30:00.000Z",
    "2026-03-29T01:00:00.000Z",
    "2026-03-30T00:30:00.000Z",
  ]);
  expect(times("2026-10-24T12:00:00Z", 2, daily)).toEqual(["2026-10-25T00:30:00.000Z", "2026-10-26T01:30:00.000Z"]);
});

test("[WK37] a tick lies behind the time that is asked for, and some schedules have none", () => {
  expect(times("2026-01-01T00:00:00Z", 1, schedule("0 * * * *"))).toEqual(["2026-01-01T01:00:00.000Z"]);
  expect(times("2026-01-01T00:00:00Z", 1, schedule("*/10 * * * * *"))).toEqual(["2026-01-01T00:00:10.000Z"]);
  expect(nextTick(schedule("0 0 31 2 *"), 0)).toBeUndefined();
});

test("[WK37] missed ticks are counted, up to a bound, and the next one is in the future", () => {
  const minutes = schedule("* * * * *");
  expect(ticksUntil(minutes, 60_000, 60_000)).toEqual({ count: 1, last: 60_000, next: 120_000 });
  expect(ticksUntil(minutes, 60_000, 605_000)).toEqual({ count: 10, last: 600_000, next: 660_000 });
  const year = 365 * 86_400_000;
  expect(ticksUntil(minutes, 60_000, year)).toEqual({ count: MAX_COUNTED_TICKS, last: year, next: year + 60_000 });
});

test("[WK37] what is no schedule is refused in words", () => {
  for (const expression of [
    "",
    "daily",
    "? * * * *",
    "61 * * * *",
    "* * * *",
    "* * * * * * *",
    "2026-01-01T00:00:00",
  ]) {
    expect([expression, cronSchedule.safeParse({ expression }).success]).toEqual([expression, false]);
  }
  expect(cronSchedule.safeParse({ expression: "@daily", timeZone: "Mars/Phobos" }).success).toBe(false);
  expect(cronSchedule.parse({ expression: " 0 9 * * 1-5 " })).toEqual({ expression: "0 9 * * 1-5", timeZone: "UTC" });
});
