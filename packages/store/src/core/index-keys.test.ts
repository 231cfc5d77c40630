import * as fc from "fast-check";
import { expect, test } from "vitest";
import { encodeFields, indexKeys } from "./index-keys.ts";

const scalar = fc.oneof(
  fc.boolean(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.integer(),
  fc.string({ unit: "grapheme" }),
  fc.constantFrom("", "\0", "a\0", "a\0b", "a\u0001", "\u{10FFFF}", "\uFFFF"),
);
type Scalar = boolean | number | string;

/** The order of the spec, said without bytes. */
function compare(left: readonly Scalar[], right: readonly Scalar[]): number {
  for (const [index, one] of left.entries()) {
    const other = right[index];
    if (other === undefined) return 1;
    const difference = compareScalars(one, other);
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}

function compareScalars(left: Scalar, right: Scalar): number {
  const kinds = ["boolean", "number", "string"];
  if (typeof left !== typeof right) return kinds.indexOf(typeof left) - kinds.indexOf(typeof right);
  if (typeof left !== "string" || typeof right !== "string") return Number(left) - Number(right);
  const [ours, theirs] = [left, right].map((text) => Array.from(text, (character) => character.codePointAt(0) ?? 0));
  for (const [index, code] of (ours ?? []).entries()) {
    const difference = code - (theirs?.[index] ?? -1);
    if (difference !== 0) return difference;
  }
  return (ours?.length ?? 0) - (theirs?.length ?? 0);
}

test("[ST52] keys compare as their fields do", () => {
  const fields = fc.array(scalar, { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(fields, fields, (left, right) => {
      const [a, b] = [encodeFields(left), encodeFields(right)];
      expect(Math.sign(a < b ? -1 : a > b ? 1 : 0)).toBe(Math.sign(compare(left, right)));
    }),
    { numRuns: 3000, seed: 4267 },
  );
});

test("[ST54] a record is under every combination of the values of its fields", () => {
  const value = { group: "g", labels: ["x", "y"], tags: { a: "1", b: "2" } };
  expect(indexKeys(["group", "labels[]", "tags{}"], "id", value)).toEqual(
    new Set(["x", "y"].flatMap((label) => ["a=1", "b=2"].map((tag) => encodeFields(["g", label, tag, "id"])))),
  );
  expect(indexKeys(["group", "labels[]"], "id", { group: "g", labels: "x" })).toEqual(new Set());
  expect(indexKeys(["__proto__", "toString"], "id", {})).toEqual(new Set());
});
