// Makes a clone ready to run: dependencies as the lockfile says, and what is asked for built from the files as they
// are. Silent and quick when there is nothing to do. `npm start`, `npm test` and `bin/skein.mjs` begin with it.
import { fileURLToPath } from "node:url";
import { join } from "node:path";
import { install, planInstall } from "./install.mjs";
import { withLock } from "./lock.mjs";
import { StepFailed } from "./run.mjs";
import { TARGETS, build, isFresh } from "./targets.mjs";

export const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** @param {{root?: string, targets?: ("cli" | "web")[], log?: (line: string) => void, env?: NodeJS.ProcessEnv}} options */
export async function prepare({ root = ROOT, targets = [], log = (line) => console.error(line), env } = {}) {
  const stale = () => targets.map((name) => TARGETS[name]).filter((target) => !isFresh(root, target));
  if (planInstall(root) === "ready" && stale().length === 0) return;
  const work = async () => {
    await install(root, log, env);
    for (const target of stale()) await build(root, target, log);
  };
  await withLock(join(root, ".skein/lock"), work, (pid) =>
    log(`Waiting: another process is installing or building here (pid ${pid}) …`),
  );
}

/** `prepare` for a program's start: prints what went wrong and ends the process. */
export async function prepareOrExit(options) {
  try {
    await prepare(options);
  } catch (error) {
    if (!(error instanceof StepFailed)) throw error;
    console.error(error.message);
    process.exit(1);
  }
}
