import * as fc from "fast-check";
import { expect, test } from "vitest";
import {
  appendPage,
  countMissed,
  emptyWindow,
  MAX_WINDOW,
  openWindow,
  prependPage,
  trimOldSide,
  type LogPage,
  type LogWindow,
} from "./log-window.ts";
import { insert, page, says } from "./testing/rows.ts";

const keys = (window: LogWindow): string[] => window.rows.map(({ row }) => row.key);
const run = (from: number, to: number): LogPage =>
  page(from, ...Array.from({ length: to - from }, (_, index) => says(`k${from + index}`)));

test("[WB21] pages at either side extend the window in log order; what is there already is skipped", () => {
  let window = openWindow(run(10, 13), true, 1);
  window = prependPage(window, run(7, 10));
  window = appendPage(window, run(11, 15));
  expect(keys(window)).toEqual(["k7", "k8", "k9", "k10", "k11", "k12", "k13", "k14"]);
  expect([window.start, window.end]).toEqual([7, 15]);
  expect(window.rows.map(({ position }) => position)).toEqual([7, 8, 9, 10, 11, 12, 13, 14]);
});

test("[WB21] a row that was inserted twice is there once, where it was first", () => {
  let window = openWindow(page(5, says("a"), says("b"), says("a")), true, 1);
  expect(keys(window)).toEqual(["a", "b"]);
  window = appendPage(window, page(8, says("b"), says("c")));
  expect(keys(window)).toEqual(["a", "b", "c"]);
  window = prependPage(window, page(3, says("c"), says("z")));
  expect(keys(window)).toEqual(["c", "z", "a", "b"]);
});

test("[WB21] a page that does not join the window is not shown as if it did", () => {
  const window = openWindow(run(10, 12), true, 1);
  expect(prependPage(window, run(3, 5))).toBe(window);
  expect(appendPage(window, run(20, 22))).toMatchObject({ end: 12, missed: 2 });
  expect(countMissed(window, run(30, 33)).missed).toBe(3);
});

test("[WB21] the window is bounded: at the new side when it grows backwards, at the old side at the end", () => {
  const full = openWindow(run(1000, 1000 + MAX_WINDOW), true, 1);
  const back = prependPage(full, run(900, 1000));
  expect([back.start, back.end, back.atEnd, back.missed]).toEqual([900, 900 + MAX_WINDOW, false, 100]);
  const grown = trimOldSide(appendPage(full, run(1000 + MAX_WINDOW, 1100 + MAX_WINDOW)));
  expect([grown.start, grown.end, grown.atEnd]).toEqual([1100, 1100 + MAX_WINDOW, true]);
});

test("[WB21] events that are no transcript rows keep their place in the log and are not shown", () => {
  const events = [
    insert("coding_session_info", "current", {}),
    insert("coding_session_transcript", "odd", { strange: 1 }),
  ];
  const window = openWindow({ start: 4, next: 6, events }, true, 1);
  expect(window.rows).toMatchObject([
    { position: 5, row: { key: "odd", payload: { type: "unknown", raw: { strange: 1 } } } },
  ]);
});

test("[WB21] however pages arrive, positions rise, keys are distinct, and nothing inside the range is missing", () => {
  const moves = fc.array(fc.record({ side: fc.constantFrom("old", "new"), count: fc.integer({ min: 1, max: 30 }) }));
  fc.assert(
    fc.property(moves, (list) => {
      let window = openWindow(run(500, 510), true, 1);
      for (const { side, count } of list) {
        window =
          side === "old"
            ? prependPage(window, run(Math.max(0, window.start - count), window.start))
            : appendPage(window, run(Math.max(0, window.end - 3), window.end + count));
      }
      const positions = window.rows.map(({ position }) => position);
      expect(positions).toEqual(Array.from({ length: window.end - window.start }, (_, index) => window.start + index));
    }),
    { seed: 7, numRuns: 60 },
  );
  expect(emptyWindow.rows).toEqual([]);
});
