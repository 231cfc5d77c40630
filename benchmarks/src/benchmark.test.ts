import { expect, test } from "vitest";
import { line } from "./benchmark.ts";
import { BENCHMARKS } from "./list.ts";
import { table } from "./report.ts";
import { median, percentile } from "./statistics.ts";

test("a ratio says how many times better ours is, whichever way the unit counts", () => {
  expect(line("a", "appends/s", { ours: 3000, peer: 1500, floor: 6000 })).toEqual({
    name: "a",
    unit: "appends/s",
    ours: 3000,
    peer: 1500,
    ratio: 2,
    floor: 6000,
    ofFloor: 0.5,
  });
  expect(line("b", "ms", { ours: 2, peer: 5 })).toMatchObject({ ratio: 2.5 });
  expect(line("c", "ms", { ours: 2.34567 }, "why")).toEqual({ name: "c", unit: "ms", ours: 2.35, note: "why" });
});

test("medians and percentiles are of the sorted values", () => {
  expect(median([3, 1, 2])).toBe(2);
  expect(median([4, 1, 2, 3])).toBe(2.5);
  expect(percentile([5, 1, 4, 2, 3], 0.5)).toBe(3);
  expect(percentile([5, 1, 4, 2, 3], 1)).toBe(5);
});

test("benchmarks have names of their own, and the table shows all of a line", () => {
  expect(new Set(BENCHMARKS.map(({ name }) => name)).size).toBe(BENCHMARKS.length);
  const [, row] = table([line("append", "appends/s", { ours: 10, peer: 5, floor: 20 }, "note")]).split("\n");
  expect(row?.split(/\s+/)).toEqual(["append", "10", "5", "2", "20", "0.5", "appends/s", "note"]);
});
