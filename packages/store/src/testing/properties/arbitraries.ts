import * as fc from "fast-check";
import type { Operation } from "../../store.ts";
import { encode } from "../fixture.ts";

/** Few names and small numbers, so that operations meet. */
export const PATHS = ["/a", "/b", "/c", "/d", "/e"] as const;
export const PRODUCERS = ["p", "q"] as const;
export const RECORDS = ["r1", "r2", "r3"] as const;
export const GROUPS = ["g1", "g2"] as const;

const path = fc.constantFrom(...PATHS);
const contentType = fc.constantFrom("text/plain", "text/plain", "text/plain", "application/json");
const ttlSeconds = fc.constantFrom(1, 3);
const expectedVersion = fc.integer({ min: 0, max: 3 });

const create: fc.Arbitrary<Operation> = fc
  .tuple(
    fc.record({ path, contentType, ifExists: fc.constantFrom("fail" as const, "keep" as const) }),
    fc.oneof(
      { weight: 6, arbitrary: fc.constant({}) },
      { weight: 2, arbitrary: fc.record({ ttlSeconds }) },
      { weight: 2, arbitrary: fc.constant({ ephemeral: { maxBytes: 9, idleMs: 2500 } }) },
      { weight: 1, arbitrary: fc.constant({ closed: true }) },
    ),
  )
  .map(([required, more]) => ({ kind: "create-stream", ...required, ...more }));

const append: fc.Arbitrary<Operation> = fc
  .tuple(
    path,
    fc.array(fc.constantFrom("1", "22", "333", "4444"), { maxLength: 3 }),
    fc.option(
      fc.record({
        id: fc.constantFrom(...PRODUCERS),
        epoch: fc.integer({ min: 0, max: 2 }),
        seq: fc.integer({ min: 0, max: 3 }),
      }),
      { nil: undefined, freq: 2 },
    ),
    fc.oneof(
      { weight: 6, arbitrary: fc.constant({}) },
      {
        weight: 1,
        arbitrary: fc.record(
          {
            streamSeq: fc.constantFrom("1", "2", "3"),
            expectedHead: fc.integer({ min: 0, max: 5 }),
            close: fc.boolean(),
            contentType,
          },
          { requiredKeys: [] },
        ),
      },
    ),
  )
  .map(([path, messages, producer, more]) => ({
    kind: "append",
    path,
    messages: messages.map(encode),
    ...(producer && { producer }),
    ...more,
  }));

const fork: fc.Arbitrary<Operation> = fc
  .tuple(
    fc.record({ path, from: path }),
    fc.record({ position: fc.integer({ min: 0, max: 5 }), ttlSeconds }, { requiredKeys: [] }),
  )
  .map(([required, more]) => ({ kind: "fork-stream", ...required, ...more }));

const remove: fc.Arbitrary<Operation> = fc
  .tuple(path, fc.constantFrom("fail" as const, "skip" as const))
  .map(([path, ifMissing]) => ({ kind: "delete-stream", path, ifMissing }));

const record = fc.record({ collection: fc.constant("things"), id: fc.constantFrom(...RECORDS) });
const value = fc.record({ group: fc.constantFrom(...GROUPS), rank: fc.integer({ min: 0, max: 3 }) });

const put: fc.Arbitrary<Operation> = fc
  .tuple(record, value, fc.record({ expectedVersion }, { requiredKeys: [] }))
  .map(([record, value, more]) => ({ kind: "put-record", ...record, value, ...more }));

const removeRecord: fc.Arbitrary<Operation> = fc
  .tuple(record, fc.record({ expectedVersion }, { requiredKeys: [] }))
  .map(([record, more]) => ({ kind: "delete-record", ...record, ...more }));

const check: fc.Arbitrary<Operation> = fc
  .tuple(record, expectedVersion)
  .map(([record, expectedVersion]) => ({ kind: "check-record", ...record, expectedVersion }));

const operation: fc.Arbitrary<Operation> = fc.oneof(
  { weight: 4, arbitrary: create },
  { weight: 10, arbitrary: append },
  { weight: 3, arbitrary: fork },
  { weight: 2, arbitrary: remove },
  { weight: 1, arbitrary: path.map((path): Operation => ({ kind: "touch-stream", path })) },
  { weight: 3, arbitrary: put },
  { weight: 1, arbitrary: removeRecord },
  { weight: 1, arbitrary: check },
);

export type Step =
  /** Commits made at the same time. */
  | { readonly kind: "commits"; readonly commits: readonly (readonly Operation[])[] }
  | { readonly kind: "advance"; readonly ms: number }
  | { readonly kind: "reopen" };

/** Most random commits would be refused for one of their operations: the first steps make what the others need. */
const beginning: Step = {
  kind: "commits",
  commits: PATHS.slice(0, 3).map((path) => [
    { kind: "create-stream", path, contentType: "text/plain", ifExists: "fail" },
    { kind: "append", path, messages: ["a", "bb", "ccc"].map(encode) },
  ]),
};

export function steps(reopening: boolean): fc.Arbitrary<Step[]> {
  const commit = fc.oneof(
    { weight: 4, arbitrary: fc.tuple(operation) },
    { weight: 1, arbitrary: fc.array(operation, { minLength: 2, maxLength: 4 }) },
  );
  const commits = fc.array(commit, { minLength: 1, maxLength: 4, size: "max" });
  return fc
    .array(
      fc.oneof(
        { weight: 20, arbitrary: commits.map((commits): Step => ({ kind: "commits", commits })) },
        { weight: 3, arbitrary: fc.integer({ min: 1, max: 4000 }).map((ms): Step => ({ kind: "advance", ms })) },
        ...(reopening ? [{ weight: 1, arbitrary: fc.constant<Step>({ kind: "reopen" }) }] : []),
      ),
      { minLength: 1, maxLength: 30, size: "max" },
    )
    .map((list) => [beginning, ...list]);
}
