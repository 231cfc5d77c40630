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
const PAGE = "http://127.0.0.1:5173";
const node = (args, cwd, env = {}) =>
  spawn(process.execPath, args, { cwd, stdio: "inherit", env: { ...process.env, ...env } });

const cli = ["--conditions=@skein/source", "apps/cli/src/main.ts", "start", "--public-url", PAGE, ...options];
const server = node(["node_modules/tsx/dist/cli.mjs", "watch", ...cli], ROOT);
const web = node([join(ROOT, "node_modules/vite/bin/vite.js"), "dev", "--strictPort"], join(ROOT, "apps/web"), {
  SKEIN_URL: `http://127.0.0.1:${port}`,
});

// Ctrl-C reaches both by itself, a signal to us alone does not; if one ends, so does the other.
let stopping = false;
const stop = (signal) => {
  if (stopping) return;
  stopping = true;
  if (signal === "SIGINT") return;
  for (const child of [server, web]) child.kill("SIGTERM");
};
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, stop);
for (const child of [server, web]) child.once("exit", () => stop("exit"));
