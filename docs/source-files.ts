import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";

export const ROOT: string = fileURLToPath(new URL("..", import.meta.url));

const SKIPPED = new Set(["node_modules", "dist", ".git", ".skein"]);

/** Files under the given folders of the repository whose path matches, with their text, by path. */
export function readFiles(folders: readonly string[], wanted: RegExp): Map<string, string> {
  const found = new Map<string, string>();
  for (const folder of folders) collect(join(ROOT, folder), wanted, found);
  return found;
}

function collect(folder: string, wanted: RegExp, found: Map<string, string>): void {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (SKIPPED.has(entry.name)) continue;
    const path = join(folder, entry.name);
    if (entry.isDirectory()) collect(path, wanted, found);
    else if (wanted.test(path)) found.set(relative(ROOT, path), readFileSync(path, "utf8"));
  }
}
