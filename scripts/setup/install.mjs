// Installs the dependencies when they are not what the lockfile says.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createHash } from "node:crypto";
import { readStamp, writeStamp } from "./fingerprint.mjs";
import { StepFailed, run } from "./run.mjs";

/** What must be done: `ready`, `ci` (nothing usable is there) or `update` (something is, and is out of date). */
export function planInstall(root) {
  const installed = readJson(join(root, "node_modules/.package-lock.json"));
  if (installed === undefined) return "ci"; // npm writes it last: without it the install was not finished
  const wanted = readFileSync(join(root, "package-lock.json"), "utf8");
  if (readStamp(stampFile(root)) === hash(wanted)) return "ready";
  return satisfies(JSON.parse(wanted), installed) ? "ready" : "update";
}

/** Whether npm's record of what it installed has everything that the lockfile asks for on every platform. */
export function satisfies(wanted, installed) {
  return Object.entries(wanted.packages).every(([path, entry]) => {
    if (path === "" || entry.optional === true || entry.peer === true) return true;
    const found = installed.packages?.[path];
    if (entry.link === true) return found !== undefined;
    // A workspace's own entry: its dependencies have entries of their own.
    if (!path.includes("node_modules/")) return true;
    return found?.version === entry.version;
  });
}

/**
 * A first install is `npm ci`. An update is done in place, because `npm ci` would first delete the modules of a server
 * that runs from this folder; `--no-save` keeps npm from rewriting the lockfile.
 */
export async function install(root, log, env = process.env) {
  const plan = planInstall(root);
  if (plan === "ready") return;
  log(plan === "ci" ? "Installing dependencies (the first time, about a minute) …" : "Updating dependencies …");
  const npm = npmCommand(env);
  const args = plan === "ci" ? ["ci"] : ["install", "--no-save"];
  const { code, output } = await run(npm.command, [...npm.args, ...args, "--include=dev", "--no-audit", "--no-fund"], {
    cwd: root,
    env,
    quiet: true,
  });
  if (code !== 0) throw new StepFailed(explainNpm(output));
  writeStamp(stampFile(root), hash(readFileSync(join(root, "package-lock.json"), "utf8")));
}

const OFFLINE = /\b(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|ERR_SOCKET_TIMEOUT)\b/;
const FULL = /\bENOSPC\b/;

/** What went wrong with npm, for a person. */
export function explainNpm(output) {
  const reason = OFFLINE.exec(output)?.[0];
  if (reason !== undefined) {
    return `error: npm cannot reach its registry (${reason}).\nCheck the network or \`npm config get registry\`, then run the command again.`;
  }
  if (FULL.test(output)) return "error: the disk is full; about 1 GB is needed for the dependencies.";
  return `${output.trim()}\nerror: installing the dependencies failed; npm says why above.`;
}

/** The npm that runs us, or the one on the path. */
export function npmCommand(env) {
  const cli = env.npm_execpath;
  if (cli !== undefined && /npm-cli\.c?js$/.test(cli) && existsSync(cli))
    return { command: process.execPath, args: [cli] };
  return { command: "npm", args: [] };
}

function stampFile(root) {
  return join(root, ".skein/installed");
}

function hash(text) {
  return createHash("sha256").update(text).digest("hex");
}

function readJson(file) {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    if (error.code === "ENOENT" || error instanceof SyntaxError) return undefined;
    throw error;
  }
}
