// What can be built, from which files, and how one sees that it is there.
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fingerprint, readStamp, writeStamp } from "./fingerprint.mjs";
import { StepFailed, run } from "./run.mjs";

/** @typedef {{name: string, label: string, inputs: (root: string) => string[], outputs: string[], command: (root: string) => {args: string[], cwd: string}}} Target */

const COMMON = ["package-lock.json", "tsconfig.base.json"];

/** @type {Record<"cli" | "web", Target>} */
export const TARGETS = {
  cli: {
    name: "cli",
    label: "Building Skein",
    inputs: (root) => [
      ...COMMON,
      ...packageFolders(root).flatMap((folder) => sources(`packages/${folder}`)),
      ...sources("apps/cli"),
    ],
    outputs: ["apps/cli/dist/main.js", "packages/server/dist/index.js", "packages/protocol/dist/index.js"],
    command: (root) => ({ args: [join(root, "node_modules/typescript/bin/tsc"), "-b", "apps/cli"], cwd: root }),
  },
  web: {
    name: "web",
    label: "Building the web app",
    inputs: () => [
      ...COMMON,
      "apps/web",
      ...["protocol", "sessions", "runtime", "react"].flatMap((name) => sources(`packages/${name}`)),
    ],
    outputs: ["apps/web/dist/index.html"],
    command: (root) => ({
      args: [join(root, "node_modules/vite/bin/vite.js"), "build", "--logLevel", "warn"],
      cwd: join(root, "apps/web"),
    }),
  },
};

/** @param {string} root @param {Target} target */
export function isFresh(root, target) {
  if (!target.outputs.every((path) => existsSync(join(root, path)))) return false;
  return readStamp(stampFile(root, target)) === fingerprint(root, target.inputs(root));
}

/** Builds, and stamps with the files as they were before: an edit during the build makes the next one run again. */
export async function build(root, target, log) {
  const before = fingerprint(root, target.inputs(root));
  log(`${target.label} …`);
  const { args, cwd } = target.command(root);
  const { code, output } = await run(process.execPath, args, { cwd, quiet: true });
  if (code !== 0)
    throw new StepFailed(`${output.trim()}\nerror: ${target.label.toLowerCase()} failed; the reason is above.`);
  writeStamp(stampFile(root, target), before);
}

function stampFile(root, target) {
  return join(root, ".skein", `built-${target.name}`);
}

function sources(folder) {
  return [`${folder}/src`, `${folder}/package.json`, `${folder}/tsconfig.json`];
}

function packageFolders(root) {
  return readdirSync(join(root, "packages")).filter((name) => existsSync(join(root, "packages", name, "package.json")));
}
