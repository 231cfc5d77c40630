import { readFileSync } from "node:fs";
import { builtinModules } from "node:module";
import { dirname, join, resolve } from "node:path";
import { expect, test } from "vitest";

const FROM = /(?:\bfrom "([^"\s]+)";?$)|(?:\bimport\s*\(?\s*"([^"\s]+)")/gm;
const packages = resolve(import.meta.dirname, "../..");

/** What a file of ours imports: other files of ours, and everything else by name. */
function importsOf(path: string): { files: string[]; modules: string[] } {
  const names = Array.from(readFileSync(path, "utf8").matchAll(FROM), (match) => match[1] ?? match[2] ?? "");
  return {
    files: names.filter((name) => name.startsWith(".")).map((name) => join(dirname(path), name)),
    modules: names.filter((name) => !name.startsWith(".")),
  };
}

test("[TR30] the main entry reaches no Node builtin and no agent's SDK", () => {
  const queue = [join(import.meta.dirname, "index.ts")];
  const seen = new Set<string>();
  const modules = new Set<string>();
  for (let path = queue.pop(); path !== undefined; path = queue.pop()) {
    if (seen.has(path)) continue;
    seen.add(path);
    const found = importsOf(path);
    queue.push(...found.files);
    for (const name of found.modules) {
      if (name === "@skein/protocol") queue.push(join(packages, "protocol/src/index.ts"));
      else modules.add(name);
    }
  }
  expect(seen.size).toBeGreaterThan(15);
  // What reads schedules is pure as well, and bundlers leave it out where nobody does.
  expect([...modules].sort()).toEqual(["croner", "zod"]);
  for (const name of modules) expect(builtinModules).not.toContain(name);
});
