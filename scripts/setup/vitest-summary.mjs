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

/** `extra`: failures that are no test's (a build, an unhandled error), so that the line never says 0 when it was not well. */
export function summaryLine(counts, extra = 0) {
  return `Tests: ${counts.passed} passed, ${counts.failed + extra} failed`;
}
