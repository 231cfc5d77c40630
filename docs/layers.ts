import { builtinModules } from "node:module";
import { posix } from "node:path";

/**
 * Who imports whom, read from the sources: what lint says file by file, this says for everything that an entry reaches.
 */

const IMPORT =
  /(?:^|\n)\s*(?:import|export)\b[^"';]*?\bfrom\s*"([^"]+)"|(?:^|\n)\s*import\s*"([^"]+)"|\bimport\(\s*"([^"]+)"/g;
const BUILTIN = new Set(builtinModules);

export function importsOf(source: string): string[] {
  return [...source.matchAll(IMPORT)].flatMap((match) => match[1] ?? match[2] ?? match[3] ?? []);
}

export function isBuiltin(specifier: string): boolean {
  return specifier.startsWith("node:") || BUILTIN.has(specifier.split("/")[0] ?? "");
}

/** The package of a bare specifier: `@scope/name/sub` → `@scope/name`; `undefined` for relative ones and builtins. */
export function packageOf(specifier: string): string | undefined {
  if (specifier.startsWith(".") || isBuiltin(specifier)) return undefined;
  const [first, second] = specifier.split("/");
  return specifier.startsWith("@") ? `${first}/${second}` : first;
}

export interface Reached {
  /** Files, in the order in which they were met. */
  readonly files: readonly string[];
  /** Bare specifiers and builtins, each with a file that imports it. */
  readonly outside: ReadonlyMap<string, string>;
}

/** Follows relative imports from `entries` through `sources` (text by path). */
export function reach(sources: ReadonlyMap<string, string>, entries: readonly string[]): Reached {
  const files = [...entries];
  const outside = new Map<string, string>();
  for (const file of files) {
    const source = sources.get(file);
    if (source === undefined) throw new Error(`no such source: ${file}`);
    for (const specifier of importsOf(source)) {
      if (!specifier.startsWith(".")) {
        outside.set(specifier, file);
        continue;
      }
      const path = posix.join(posix.dirname(file), specifier);
      if (!files.includes(path) && sources.has(path)) files.push(path);
    }
  }
  return { files, outside };
}
