import type { ChangeEvent } from "@skein/protocol";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { isChangeEvent, type StreamEvent } from "./events.ts";
import { createFold, type Fold } from "./fold.ts";

const SEEDED = { seed: 20_261_122, numRuns: 500 };

const change = (operation: ChangeEvent["headers"]["operation"], key: string, value?: unknown): ChangeEvent => ({
  type: "row",
  key,
  ...(operation === "delete" ? {} : { value }),
  headers: { operation },
});
const reset: StreamEvent = { headers: { control: "reset" } };

const log = fc.array(
  fc.oneof(
    { weight: 12, arbitrary: fc.tuple(fc.constantFrom("insert", "update", "upsert", "delete"), fc.nat(6), fc.nat(99)) },
    { weight: 1, arbitrary: fc.constant("reset" as const) },
  ),
  { maxLength: 60 },
);
const eventsOf = (
  steps: (readonly ["insert" | "update" | "upsert" | "delete", number, number] | "reset")[],
): StreamEvent[] => steps.map((step) => (step === "reset" ? reset : change(step[0], `k${step[1]}`, step[2])));

/** The rule, as plainly as it can be said. */
function model(events: readonly StreamEvent[]): [string, unknown][] {
  const rows = new Map<string, unknown>();
  for (const event of events) {
    if (!isChangeEvent(event)) rows.clear();
    else if (event.headers.operation === "delete") rows.delete(event.key);
    else rows.set(event.key, event.value);
  }
  return [...rows];
}
const rowsOf = (fold: Fold): [string, unknown][] =>
  [...fold.rows("row").entries()].map(({ key, value }) => [key, value]);

test("[RT50] the last event of a row decides its value, the first since it was absent its place, however they are cut", () => {
  fc.assert(
    fc.property(log, fc.array(fc.nat(60), { maxLength: 5 }), (steps, cuts) => {
      const events = eventsOf(steps);
      const fold = createFold();
      const ends = [...cuts.filter((cut) => cut < events.length).sort((a, b) => a - b), events.length];
      for (const [index, end] of ends.entries()) fold.apply(events.slice(ends[index - 1] ?? 0, end));
      expect(rowsOf(fold)).toEqual(model(events));
      expect(fold.position).toBe(events.length);
    }),
    SEEDED,
  );
});

test("[RT51] a window that begins anywhere and is given all older pages is the same as the whole log", () => {
  fc.assert(
    fc.property(log, fc.nat(60), fc.integer({ min: 1, max: 20 }), (steps, at, size) => {
      const events = eventsOf(steps);
      let start = Math.min(at, events.length);
      const live = Math.min(events.length, start + 10);
      const fold = createFold({ partial: true });
      fold.apply(events.slice(start, live), start);
      while (start > 0) {
        const from = Math.max(0, start - size);
        fold.prepend(events.slice(from, start));
        start = from;
        expect(fold.start).toBe(start);
      }
      fold.apply(events.slice(live));
      expect(rowsOf(fold)).toEqual(model(events));
      for (const [index, [key]] of model(events).entries()) expect(fold.rows("row").at(index)?.key).toBe(key);
    }),
    SEEDED,
  );
});

test("[RT52] a row's position is the one of the event that first inserted it", () => {
  const fold = createFold();
  fold.apply([change("insert", "a", 1), change("insert", "b", 1), change("update", "a", 2)], 10);
  fold.apply([change("delete", "b"), change("insert", "b", 2)]);
  expect(fold.rows("row").entry("a")).toMatchObject({ value: 2, position: 10 });
  expect(fold.rows("row").entry("b")).toMatchObject({ value: 2, position: 14 });
});

test("[RT53] messages that are no events are counted and stop nobody", () => {
  const fold = createFold();
  const odd: StreamEvent = { headers: { control: "unrecognised" }, value: 7 };
  fold.apply([change("insert", "a", 1), odd, change("insert", "b", 1)]);
  expect(rowsOf(fold).map(([key]) => key)).toEqual(["a", "b"]);
  expect(fold.position).toBe(3);
});

test("[RT54] a fold can hold only the keys of an event type, or nothing", () => {
  const keep = (type: string): "keys" | "none" => (type === "row" ? "keys" : "none");
  const fold = createFold({ keep });
  fold.apply([change("insert", "a", { large: true }), { ...change("insert", "x", 1), type: "other" }]);
  expect(fold.rows("row").has("a")).toBe(true);
  expect(fold.rows("row").get("a")).toBeUndefined();
  expect(fold.rows("other").size).toBe(0);
});

test("[RT55] 100,000 rows are folded, paged and read by index without anything that grows with them", () => {
  const rows = 100_000;
  const events = Array.from({ length: rows }, (_, index) => change("insert", `k${index}`, index));
  const fold = createFold({ partial: true });
  fold.apply(events.slice(rows / 2), rows / 2);
  for (let end = rows / 2; end > 0; end -= 200) fold.prepend(events.slice(end - 200, end));
  const collection = fold.rows("row");
  const began = performance.now();
  for (let index = 0; index < 10_000; index += 1) {
    fold.apply([change("update", `k${index * 10}`, -index)]);
    expect(collection.at(index * 10)?.value).toBe(-index);
  }
  // Linear work per event would be minutes here; the margin is for a busy machine.
  expect(performance.now() - began).toBeLessThan(5_000);
  expect(collection.size).toBe(rows);
  expect(collection.at(-1)?.key).toBe("k99999");
});
