// `npm test [-- vitest arguments]`: makes the clone ready, then runs every test once. Ends with one line
// `Tests: N passed, N failed` and fails if anything did. Two runs side by side do not disturb each other.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { requireNode } from "./setup/node-version.mjs";

requireNode();
const { prepare, prepareOrExit, ROOT } = await import("./setup/prepare.mjs");
const { provideChromium } = await import("./setup/chromium.mjs");
const { StepFailed, runAttached } = await import("./setup/run.mjs");
const { conclude } = await import("./setup/vitest-summary.mjs");

const log = (line) => console.error(line);

await prepareOrExit();
const buildFailed = await buildForTests();
const browser = await provideChromium(log);
if (browser.path === undefined) log(`Browser tests will be skipped: ${browser.reason}`);

const folder = mkdtempSync(join(tmpdir(), "skein-test-"));
try {
  const reportFile = join(folder, "report.json");
  const code = await runVitest(reportFile);
  const { lines, exitCode } = conclude({ report: readReport(reportFile), code, buildFailed });
  console.log(lines.join("\n"));
  process.exitCode = exitCode;
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** A failed build is a failure of the whole run, but no reason to hide what the tests have to say. */
async function buildForTests() {
  try {
    await prepare({ targets: ["cli", "web"], log });
    return false;
  } catch (error) {
    if (!(error instanceof StepFailed)) throw error;
    log(error.message);
    return true;
  }
}

function runVitest(reportFile) {
  const args = ["run", "--reporter=default", "--reporter=json", `--outputFile.json=${reportFile}`];
  return runAttached(process.execPath, ["node_modules/vitest/vitest.mjs", ...args, ...process.argv.slice(2)], {
    cwd: ROOT,
    env: {
      ...process.env,
      ...(browser.path === undefined ? { SKEIN_CHROMIUM_MISSING: browser.reason } : { SKEIN_CHROMIUM: browser.path }),
    },
  });
}

function readReport(file) {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch {
    return {}; // vitest ended before it could report: its exit code says so
  }
}
