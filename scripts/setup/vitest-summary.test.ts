import { expect, test } from "vitest";
import { conclude } from "./vitest-summary.mjs";

const passed = { status: "passed", fullName: "a works" };
const failed = { status: "failed", fullName: "b works" };
const skipped = { status: "skipped", fullName: "c works (no browser)" };
const file = (status: string, ...assertionResults: (typeof passed)[]) => ({
  name: "x.test.ts",
  status,
  assertionResults,
});

test("[CL53] all is well", () => {
  const report = { testResults: [file("passed", passed, passed)] };
  expect(conclude({ report, code: 0, buildFailed: false })).toEqual({
    lines: ["Tests: 2 passed, 0 failed"],
    exitCode: 0,
  });
});

test("[CL53] what was not run is named, and is neither passed nor failed", () => {
  const { lines, exitCode } = conclude({
    report: { testResults: [file("passed", passed, skipped)] },
    code: 0,
    buildFailed: false,
  });
  expect(lines).toEqual(["Not run (1):", "  c works (no browser)", "Tests: 1 passed, 0 failed"]);
  expect(exitCode).toBe(0);
});

test.each([
  [
    "a failed test",
    { report: { testResults: [file("failed", passed, failed)] }, code: 1, buildFailed: false },
    "1 passed, 1 failed",
  ],
  [
    "a file that did not load",
    { report: { testResults: [file("failed"), file("passed", passed)] }, code: 1, buildFailed: false },
    "1 passed, 1 failed",
  ],
  [
    "an unhandled error beside passed tests",
    { report: { testResults: [file("passed", passed)] }, code: 1, buildFailed: false },
    "1 passed, 1 failed",
  ],
  ["a vitest that ended without a report", { report: {}, code: 134, buildFailed: false }, "0 passed, 1 failed"],
  [
    "a build that failed",
    { report: { testResults: [file("passed", passed)] }, code: 0, buildFailed: true },
    "1 passed, 1 failed",
  ],
])("[CL53] %s is a failure, whatever vitest's exit code", (_, run, summary) => {
  const { lines, exitCode } = conclude(run);
  expect(lines.at(-1)).toBe(`Tests: ${summary}`);
  expect(exitCode).not.toBe(0);
});
