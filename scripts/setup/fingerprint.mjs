// Whether something was built from the files as they are now: a hash over names, sizes and times, not over contents,
// so that asking costs milliseconds.
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";

const SKIPPED = new Set(["node_modules", "dist", ".git", ".skein"]);

/** One hash for all files under `paths` (files or folders, relative to `root`; absent ones count as absent). */
export function fingerprint(root, paths) {
  const lines = [];
  for (const path of paths) collect(root, join(root, path), lines);
  return createHash("sha256").update(lines.join("\n")).digest("hex");
}

function collect(root, path, lines) {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return;
  if (!stat.isDirectory()) {
    lines.push(`${relative(root, path)} ${stat.size} ${stat.mtimeMs}`);
    return;
  }
  for (const name of readdirSync(path).sort(byName)) {
    if (!SKIPPED.has(name) && !name.endsWith(".tsbuildinfo")) collect(root, join(path, name), lines);
  }
}

/** What was stamped under `file`; `undefined` when nothing was. */
export function readStamp(file) {
  try {
    return readFileSync(file, "utf8").trim();
  } catch (error) {
    if (error.code === "ENOENT") return undefined;
    throw error;
  }
}

export function writeStamp(file, value) {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${value}\n`);
}

function byName(a, b) {
  return a < b ? -1 : 1;
}
