// `npm start [-- options]`: makes the clone ready, then runs `skein start` in this process.
import { requireNode } from "./setup/node-version.mjs";

requireNode();
const { prepareOrExit } = await import("./setup/prepare.mjs");
await prepareOrExit({ targets: ["cli", "web"] });
process.argv.splice(2, 0, "start");
await import("../apps/cli/dist/main.js");
