// `npm run dev [-- options of skein start]`: the server from its sources, restarted on change, and the web app from
// vite, which passes everything that is not a file of the app on to the server.
import { spawn } from "node:child_process";
import { join } from "node:path";
import { requireNode } from "./setup/node-version.mjs";

requireNode();
const { prepareOrExit, ROOT } = await import("./setup/prepare.mjs");
await prepareOrExit();

const options = process.argv.slice(2);
const port = options.includes("--port") ? options[options.indexOf("--port") + 1] : "4437";
const node = (args, cwd, env = {}) =>
  spawn(process.execPath, args, { cwd, stdio: "inherit", env: { ...process.env, ...env } });

const server = node(
  ["node_modules/tsx/dist/cli.mjs", "watch", "--conditions=@skein/source", "apps/cli/src/main.ts", "start", ...options],
  ROOT,
);
const web = node([join(ROOT, "node_modules/vite/bin/vite.js"), "dev"], join(ROOT, "apps/web"), {
  SKEIN_DEV_SERVER: `http://127.0.0.1:${port}`,
});

// Ctrl-C reaches both by itself; if one ends, so does the other.
process.on("SIGINT", () => {});
server.once("exit", () => web.kill());
web.once("exit", () => server.kill("SIGINT"));
