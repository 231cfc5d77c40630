// `npm run bench [-- NAME… --json]`: runs the benchmarks from their sources.
import { requireNode } from "./setup/node-version.mjs";

requireNode();
const { prepareOrExit, ROOT } = await import("./setup/prepare.mjs");
const { runAttached } = await import("./setup/run.mjs");
await prepareOrExit();
const source = ["--import", "tsx", "--conditions=@skein/source"];
process.exitCode = await runAttached(
  process.execPath,
  [...source, "benchmarks/src/main.ts", ...process.argv.slice(2)],
  {
    cwd: ROOT,
  },
);
