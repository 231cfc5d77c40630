import { expect, test } from "vitest";
import { readFiles } from "./source-files.ts";
import { claimsIn, coverage, rulesIn } from "./spec-coverage.ts";

const specs = readFiles(["docs/spec"], /\.md$/);
// Contract suites keep their cases beside the tests, in `testing/`.
const tests = readFiles(
  ["packages", "apps", "benchmarks", "examples", "scripts", "docs"],
  /\.test\.tsx?$|\/testing\/.*\.tsx?$/,
);
tests.delete("docs/spec-coverage.test.ts");

test("every rule of docs/spec is named by a test's title, every named rule is stated, and once", () => {
  expect(coverage(specs, tests)).toEqual({ unproven: [], unstated: [], doubled: [] });
});

test("a rule is a list item that begins with a bold id", () => {
  const text =
    "# Store\n\n- **ST1** One.\n- **ST2** Two, see **ST9**.\n\n**ST3** not a list item\n\n```md\n- **ST4** shown.\n```\n";
  expect(rulesIn(text)).toEqual(["ST1", "ST2"]);
});

test("a claim is at the head of a title; several ids may stand there", () => {
  const source = 'test("[ST1] one", f); test.each([1])(`[ST2][ST3] two`, f); it("tells [ST4]", f)';
  expect(claimsIn(source)).toEqual(["ST1", "ST2", "ST3"]);
});

test("what is missing is named", () => {
  const found = coverage(
    new Map([["a.md", "- **ST1** a\n- **ST2** b\n- **ST1** again"]]),
    new Map([["a.test.ts", 'test("[ST1] a"); test("[ST7] b")']]),
  );
  expect(found).toEqual({ unproven: ["ST2"], unstated: ["ST7 in a.test.ts"], doubled: ["ST1"] });
});
