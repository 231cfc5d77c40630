// Reads vitest's JSON report and says how it went, in the one line that a CI reads last.

/**
 * @param {{testResults?: {name: string, status: string, message?: string, assertionResults: {status: string, fullName: string}[]}[]}} report
 * A file that failed without any failed test of its own (it did not load, or a hook threw) counts as one failure.
 */
export function countTests(report) {
  const counts = { passed: 0, failed: 0, skipped: 0 };
  for (const file of report.testResults ?? []) {
    let failedHere = 0;
    for (const { status } of file.assertionResults) {
      if (status === "passed") counts.passed += 1;
      else if (status === "failed") failedHere += 1;
      else counts.skipped += 1;
    }
    counts.failed += failedHere === 0 && file.status === "failed" ? 1 : failedHere;
  }
  return counts;
}

/** Names of tests that were not run, by file. */
export function skippedTests(report) {
  return (report.testResults ?? []).flatMap((file) =>
    file.assertionResults
      .filter(({ status }) => status !== "passed" && status !== "failed")
      .map(({ fullName }) => fullName),
  );
}

/**
 * The last lines of `npm test` and its exit code. Failures that are no test's (the build, an unhandled error, vitest
 * itself) count too, so that the line never says 0 when it was not well.
 *
 * @param {{report: Parameters<typeof countTests>[0], code: number, buildFailed: boolean}} run `code`: vitest's own.
 * @returns {{lines: string[], exitCode: number}}
 */
export function conclude({ report, code, buildFailed }) {
  const counts = countTests(report);
  const skipped = skippedTests(report);
  const unexplained = code !== 0 && counts.failed === 0 ? 1 : 0;
  const failed = counts.failed + unexplained + (buildFailed ? 1 : 0);
  const lines = [];
  if (skipped.length > 0) lines.push(`Not run (${skipped.length}):`, ...skipped.map((name) => `  ${name}`));
  if (unexplained > 0) lines.push(`vitest ended with exit code ${code} without a failed test: its output says why.`);
  if (buildFailed) lines.push("The build failed: see the beginning of this output.");
  lines.push(`Tests: ${counts.passed} passed, ${failed} failed`);
  return { lines, exitCode: code !== 0 ? code : failed > 0 ? 1 : 0 };
}
