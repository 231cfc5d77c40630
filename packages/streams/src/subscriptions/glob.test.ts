import * as fc from "fast-check";
import { expect, test } from "vitest";
import { isPattern, literalPrefix, matches, segmentsOf } from "./glob.ts";

const match = (pattern: string, path: string): boolean => matches(segmentsOf(pattern), segmentsOf(path));

test("[SB1] a star is one segment, two are any number of them", () => {
  expect(match("/a/*/main", "/a/b/main")).toBe(true);
  expect(match("/a/*", "/a/b/c")).toBe(false);
  expect(match("/a/*", "/a")).toBe(false);
  expect(match("/a/**", "/a")).toBe(true);
  expect(match("/a/**/z", "/a/z")).toBe(true);
  expect(match("/**", "/a/b/c")).toBe(true);
  expect(match("/a/b", "/a/b")).toBe(true);
  expect([isPattern("a*"), isPattern("a/**b"), isPattern(""), isPattern("a/*/**")]).toEqual([
    false,
    false,
    false,
    true,
  ]);
  expect([literalPrefix("/a/b/*/c"), literalPrefix("/**"), literalPrefix("/a/b")]).toEqual(["/a/b/", "/", "/a/b/"]);
});

test("[SB1] matching agrees with a regular expression", () => {
  const part = fc.constantFrom("a", "b", "*", "**");
  const segment = fc.constantFrom("a", "b", "c");
  fc.assert(
    fc.property(
      fc.array(part, { minLength: 1, maxLength: 6 }),
      fc.array(segment, { maxLength: 6 }),
      (pattern, path) => {
        const source = pattern
          .map((one) => (one === "**" ? "(?:/[^/]+)*" : one === "*" ? "/[^/]+" : `/${one}`))
          .join("");
        const expected = new RegExp(`^${source}$`).test(path.map((one) => `/${one}`).join(""));
        expect(matches(pattern, path)).toBe(expected);
      },
    ),
    { numRuns: 500, seed: 7 },
  );
});

test("[SB1] a pattern of many wildcards costs no more than its length times the path's", () => {
  const pattern = Array.from({ length: 32 }, () => "**");
  const path = Array.from({ length: 200 }, () => "a");
  expect(matches([...pattern, "b"], path)).toBe(false);
});
