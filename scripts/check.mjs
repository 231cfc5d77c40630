// `npm run check`: types, lint, format, and what the repository promises about itself (spec coverage, layers,
// lockfile). Ends with the first that fails.
import { requireNode } from "./setup/node-version.mjs";

requireNode();
const { prepareOrExit, ROOT } = await import("./setup/prepare.mjs");
const { runAttached } = await import("./setup/run.mjs");

const STEPS = [
  ["node_modules/typescript/bin/tsc", "-b"],
  ["node_modules/oxlint/bin/oxlint", "--type-aware", "--deny-warnings"],
  ["node_modules/oxfmt/bin/oxfmt", "--check", "."],
  ["node_modules/vitest/vitest.mjs", "run", "--project", "unit", "docs", "scripts/lockfile.test.ts"],
];

await prepareOrExit();
for (const [script, ...args] of STEPS) {
  console.log(`> ${script.split("/").at(-1)} ${args.join(" ")}`);
  const code = await runAttached(process.execPath, [script, ...args], { cwd: ROOT });
  if (code !== 0) process.exit(code);
}
