// `npm run build`: everything, whether stale or not.
import { requireNode } from "./setup/node-version.mjs";

requireNode();
const { prepareOrExit, ROOT } = await import("./setup/prepare.mjs");
const { runAttached } = await import("./setup/run.mjs");
await prepareOrExit();
const code = await runAttached(process.execPath, ["node_modules/typescript/bin/tsc", "-b"], { cwd: ROOT });
if (code !== 0) process.exit(code);
await prepareOrExit({ targets: ["cli", "web"] });
