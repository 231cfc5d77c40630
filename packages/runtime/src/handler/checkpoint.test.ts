import type { ChangeEvent } from "@skein/protocol";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { createFold, type Fold, type Keep, type StreamEvent } from "../client/index.ts";
import { decodeCheckpoint, encodeCheckpoint, isWorthSaving, trimFold } from "./checkpoint.ts";

const SEEDED = { seed: 20_261_122, numRuns: 400 };
const TYPES = ["a", "b", "keys", "gone"] as const;
const keep = (type: string): Keep => (type === "gone" ? "none" : type === "keys" ? "keys" : "all");

const change = (type: string, key: string, operation: ChangeEvent["headers"]["operation"], value?: unknown) => ({
  type,
  key,
  ...(operation === "delete" ? {} : { value }),
  headers: { operation },
});
const value = fc.oneof(fc.jsonValue(), fc.constant({ text: "zwei\nZeilen “ü” 🧵" }));
const event = fc.oneof(
  {
    weight: 20,
    arbitrary: fc
      .tuple(
        fc.constantFrom(...TYPES),
        fc.constantFrom("", "x", "y", "z\n", "__proto__"),
        fc.constantFrom("insert", "update", "upsert", "delete"),
        value,
      )
      .map(([type, key, operation, row]): StreamEvent => change(type, key, operation, row)),
  },
  { weight: 1, arbitrary: fc.constant<StreamEvent>({ headers: { control: "reset" } }) },
  { weight: 1, arbitrary: fc.constant<StreamEvent>({ headers: { control: "unrecognised" }, value: 1 }) },
);

/** All that can be seen of a fold. */
function seen(fold: Fold) {
  const rows = Object.fromEntries(TYPES.map((type) => [type, [...fold.rows(type).entries()].map(plain)]));
  return { position: fold.position, rows };
}
const plain = ({ key, value: row, position }: { key: string; value: unknown; position: number }) => [
  key,
  row,
  position,
];
/** Through bytes, as a cold start gets it. */
function restored(fold: Fold, trimmed?: (type: string) => boolean): Fold {
  const bytes = encodeCheckpoint(fold, "shape");
  const result = bytes && decodeCheckpoint(bytes, { shape: "shape", keep, ...(trimmed && { trimmed }) });
  if (!result) throw new Error("The checkpoint was not taken.");
  return result;
}

test("[CP1] a checkpoint and the rest of the log make the same fold as all of the log, wherever it was made", () => {
  fc.assert(
    fc.property(fc.array(event, { maxLength: 60 }), fc.array(fc.nat(60), { maxLength: 3 }), (events, cuts) => {
      const whole = createFold({ keep });
      whole.apply(events, 0);
      let fold = createFold({ keep });
      let at = 0;
      for (const cut of [...cuts.filter((one) => one <= events.length).sort((a, b) => a - b), events.length]) {
        fold.apply(events.slice(at, cut), at);
        at = cut;
        fold = restored(fold);
      }
      expect(seen(fold)).toEqual(seen(whole));
    }),
    SEEDED,
  );
});

const steps = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: fc.constant({ kind: "new" as const }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant("update" as const), which: fc.nat(40) }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant("delete" as const), which: fc.nat(40) }) },
  ),
  { maxLength: 60 },
);
type Step = { readonly kind: "new" } | { readonly kind: "update" | "delete"; readonly which: number };

/** An inbox as the server writes it: rows are taken back only while they are not acknowledged. */
function inboxLog(list: readonly Step[], ackedAt: (time: number) => number): StreamEvent[] {
  const made: number[] = [];
  return list.map((step, at) => {
    const position = step.kind === "new" ? undefined : made[step.which % Math.max(1, made.length)];
    if (step.kind === "new" || position === undefined) {
      made.push(at);
      return change("a", `k${at}`, "insert", at);
    }
    if (step.kind === "update" || position < ackedAt(at)) return change("a", `k${position}`, "update", at);
    made.splice(made.indexOf(position), 1);
    return change("a", `k${position}`, "delete");
  });
}

test("[CP2] rows that were dropped as too old are the same ones whether they were dropped early or late", () => {
  fc.assert(
    fc.property(steps, fc.nat(60), fc.nat(60), fc.nat(8), (list, one, other, remember) => {
      const [first, last] = [Math.min(one, other, list.length), Math.min(Math.max(one, other), list.length)];
      const events = inboxLog(list, (time) => (time < first ? 0 : time < last ? first : last));
      const trimmed = (type: string): boolean => type === "a";
      const whole = createFold({ keep, trimmed });
      whole.apply(events, 0);
      const all = [...whole.rows("a").entries()].map(plain);
      trimFold(whole, ["a"], remember, last);
      const early = createFold({ keep, trimmed });
      early.apply(events.slice(0, first), 0);
      trimFold(early, ["a"], remember, first);
      const late = restored(early, trimmed);
      late.apply(events.slice(first), first);
      trimFold(late, ["a"], remember, last);
      expect(seen(late)).toEqual(seen(whole));
      // All that is not acknowledged, and the newest of what is.
      const unread = all.filter(([, , position]) => Number(position) >= last);
      const read = all.filter(([, , position]) => Number(position) < last);
      const kept = read.slice(Math.max(0, read.length - remember));
      expect(seen(whole).rows["a"]).toEqual([...kept, ...unread]);
    }),
    SEEDED,
  );
});

test("[CP4] what is not a whole checkpoint of the same version and collections is not believed", () => {
  const fold = createFold({ keep });
  fold.apply([change("a", "x", "insert", 1), change("a", "y", "insert", 2)], 0);
  const bytes = encodeCheckpoint(fold, "shape") ?? new Uint8Array();
  const text = new TextDecoder().decode(bytes);
  const decode = (changed: string, shape = "shape") =>
    decodeCheckpoint(new TextEncoder().encode(changed), { shape, keep });
  expect(decode(text)).toBeDefined();
  expect(decode(text, "another")).toBeUndefined();
  expect(decode(text.replace(`"v":1`, `"v":2`))).toBeUndefined();
  expect(decode(text.slice(0, text.lastIndexOf("\n")))).toBeUndefined();
  expect(decode(text.slice(0, -1))).toBeUndefined();
  expect(decode(`${text}\n["a","z",1,1]`)).toBeUndefined();
  expect(decode(text.replace(`["a","y",1,`, `["a","y",7,`))).toBeUndefined();
  expect(decode("")).toBeUndefined();
  expect(decodeCheckpoint(Uint8Array.of(255, 0, 10), { shape: "shape", keep })).toBeUndefined();
});

test("[CP3] checkpoints are worth as much as is new, and none is made that is too large", () => {
  const fold = createFold();
  fold.apply(
    Array.from({ length: 499 }, (_, n) => change("a", "x", "upsert", n)),
    0,
  );
  expect(isWorthSaving(fold, { position: 0, rows: 0 })).toBe(false);
  fold.apply([change("a", "x", "upsert", 0)]);
  expect(isWorthSaving(fold, { position: 0, rows: 0 })).toBe(true);
  expect(isWorthSaving(fold, { position: 1, rows: 0 })).toBe(false);
  fold.apply(Array.from({ length: 2000 }, (_, n) => change("a", `k${n}`, "upsert", "x".repeat(1024))));
  expect(isWorthSaving(fold, { position: 1500, rows: 0 })).toBe(false);
  expect(isWorthSaving(fold, { position: 1499, rows: 0 })).toBe(true);
  // Most of the last one is gone from the fold: it is not read again and again.
  const { position } = fold;
  expect(isWorthSaving(fold, { position, rows: 4_501 })).toBe(false);
  expect(isWorthSaving(fold, { position, rows: 4_502 })).toBe(true);
  expect(encodeCheckpoint(fold, "shape")).toBeInstanceOf(Uint8Array);
  fold.apply([change("a", "large", "upsert", "ü".repeat(1_200_000))]);
  expect(encodeCheckpoint(fold, "shape")).toBeUndefined();
});
