// One at a time, across processes: two `npm start` or `npm test` side by side must not install or build over each other.
// The holder writes its pid and touches the file while it works; a lock whose holder is gone, or that nobody has
// touched for a minute, is taken over.
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

const TOUCH_MS = 5_000;
const STALE_MS = 60_000;
const RETRY_MS = 200;

/**
 * Runs `work` while holding the lock at `file`. `onWait` is called once, with the holder's pid, if somebody else has it.
 *
 * @template T
 * @param {string} file
 * @param {() => Promise<T>} work
 * @param {(pid: number) => void} [onWait]
 * @returns {Promise<T>}
 */
export async function withLock(file, work, onWait = () => {}) {
  mkdirSync(dirname(file), { recursive: true });
  let told = false;
  while (!tryTake(file)) {
    const other = holder(file);
    if (other === undefined) continue;
    if (!isAlive(other) || age(file) > STALE_MS) {
      takeAway(file, other);
      continue;
    }
    if (!told) onWait(other);
    told = true;
    await sleep(RETRY_MS);
  }
  const touching = setInterval(() => touch(file), TOUCH_MS);
  try {
    return await work();
  } finally {
    clearInterval(touching);
    if (holder(file) === process.pid) rmSync(file, { force: true });
  }
}

/** A link appears whole or not at all, so nobody ever reads a lock without its pid. */
function tryTake(file) {
  const own = `${file}.${process.pid}`;
  writeFileSync(own, String(process.pid));
  try {
    linkSync(own, file);
    return true;
  } catch (error) {
    if (error.code === "EEXIST") return false;
    throw error;
  } finally {
    rmSync(own, { force: true });
  }
}

/** Removes the lock that `stale` held. If another waiter was quicker, what we moved is its fresh lock: put it back. */
function takeAway(file, stale) {
  const aside = `${file}.stale-${process.pid}`;
  try {
    renameSync(file, aside);
    if (holder(aside) !== stale) linkSync(aside, file);
  } catch (error) {
    if (error.code !== "ENOENT" && error.code !== "EEXIST") throw error;
  } finally {
    rmSync(aside, { force: true });
  }
}

/** The pid in the lock; `undefined` when there is none. */
function holder(file) {
  try {
    return Number.parseInt(readFileSync(file, "utf8"), 10);
  } catch (error) {
    if (error.code === "ENOENT") return undefined;
    throw error;
  }
}

function isAlive(pid) {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === "EPERM";
  }
}

function age(file) {
  const stat = statSync(file, { throwIfNoEntry: false });
  return stat === undefined ? 0 : Date.now() - stat.mtimeMs;
}

function touch(file) {
  try {
    utimesSync(file, new Date(), new Date());
  } catch (error) {
    if (error.code !== "ENOENT") throw error;
  }
}
