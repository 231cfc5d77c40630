import type { Overview, ToolSpan, Turn } from "@skein/react";
import { expect, test } from "vitest";
import { compareSessions } from "./compare-sessions.ts";
import { binned, linePath, niceTop } from "./plot-shape.ts";
import { barOf, pauseText } from "./turn-bar.ts";
import { usagePoints, usageTotals } from "./usage-points.ts";

function turn(number: number, more: Partial<Turn> = {}): Turn {
  return {
    row: `p${number}`,
    position: number,
    number,
    prompt: `prompt ${number}`,
    from: 0,
    to: 1_000,
    outcome: "complete",
    durationMs: undefined,
    usage: undefined,
    tools: [],
    toolsLeftOut: 0,
    ...more,
  };
}
const span = (from: number, to: number | undefined): ToolSpan => ({
  row: "r",
  position: 1,
  tool: "terminal",
  title: "",
  from,
  to,
  failed: false,
});
function overview(turns: readonly Turn[], files: Overview["files"] = []): Overview {
  return { info: undefined, turns, turnsLeftOut: 0, commands: [], commandsLeftOut: 0, files, filesLeftOut: 0, rows: 0 };
}

test("[WB41] a turn's calls lie within its bar, whatever times the rows have", () => {
  const times = [span(100, 500), span(-9_000, 200), span(500, undefined), span(900, 10), span(5_000, 9_000)];
  const { parts, width } = barOf(turn(1, { tools: times }), 4_000);
  expect(width).toBe(0.5);
  expect(parts.map(({ from, to }) => [from, to])).toEqual([
    [0.1, 0.5],
    [0, 0.2],
    [0.5, 1],
    [0.9, 0.9],
    [1, 1],
  ]);
  expect(barOf(turn(1, { from: 5, to: 5 }), 1e9).width).toBeGreaterThan(0);
  expect([pauseText(30_000), pauseText(-5), pauseText(120_000)]).toEqual(["", "", "2m 00s later"]);
});

test("[WB41] what turns used is summed, and numbers that are none count as nothing", () => {
  const points = usagePoints([
    turn(1, { usage: { inputTokens: 10, cachedInputTokens: 5, outputTokens: 2, costUsd: 0.5, contextTokens: 99 } }),
    turn(2),
    turn(3, { usage: { inputTokens: Number.NaN, outputTokens: -3, costUsd: Number.POSITIVE_INFINITY } }),
    turn(4, { usage: { inputTokens: 1, costUsd: 0.25 } }),
  ]);
  expect(points.map(({ turn: number, spent }) => [number, spent])).toEqual([
    [1, 0.5],
    [3, 0.5],
    [4, 0.75],
  ]);
  expect(usageTotals(points)).toEqual({ cost: 0.75, input: 11, cached: 5, output: 2 });
});

test("[WB41] a plot has no more points than pixels, keeps its peaks, and its scale is round", () => {
  const values = Array.from({ length: 1_000 }, (_, index) => (index === 777 ? 50 : 1));
  expect(binned(values, 100)).toHaveLength(100);
  expect(Math.max(...binned(values, 100).map((value) => value ?? 0))).toBe(50);
  expect(binned([undefined, 1], 5)).toEqual([undefined, 1]);
  expect([0, Number.NaN, 0.03, 7, 130_000, 250].map(niceTop)).toEqual([1, 1, 0.05, 10, 200_000, 250]);
  expect(linePath([1], 10, (value) => value)).toBe("M0 1 L10 1");
});

test("[WB42] of two sessions of a family, what each did for itself is told, by turn and by file", () => {
  const change = (number: number) => ({
    row: "c",
    position: 1,
    turn: number,
    kind: "edit" as const,
    added: 2,
    removed: 1,
  });
  const file = (path: string, ...turns: number[]) => ({ path, changes: turns.map(change), changesLeftOut: 0 });
  const origin = overview([turn(1), turn(2), turn(3)], [file("a", 1, 3), file("b", 3)]);
  const fork = overview(
    [turn(1), turn(2), turn(3, { row: "other", prompt: "another way" })],
    [file("a", 2), file("b", 3)],
  );
  const compared = compareSessions(origin, fork);
  expect(compared.shared).toBe(2);
  expect(compared.left.turns.map(({ prompt }) => prompt)).toEqual(["prompt 3"]);
  expect(compared.right.turns.map(({ prompt }) => prompt)).toEqual(["another way"]);
  expect(compared.left.files).toEqual([
    { path: "a", added: 2, removed: 1, both: false },
    { path: "b", added: 2, removed: 1, both: true },
  ]);
  expect(compared.right.files).toEqual([{ path: "b", added: 2, removed: 1, both: true }]);
  // Strangers have nothing in common.
  expect(compareSessions(origin, overview([turn(1, { row: "x" })])).shared).toBe(0);
});
