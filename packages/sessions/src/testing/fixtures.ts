import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const own = resolve(here, "../../fixtures");
/** Real sessions, beside the checkout; they are not part of the repository. */
const shared = resolve(here, "../../../../../shared/fixtures");

export const NO_SHARED = "the collection of real sessions (../shared/fixtures) is not on this machine";
export const hasShared = existsSync(shared);

export interface Fixture {
  readonly name: string;
  readonly path: string;
}

function filesOf(root: string, agent: string): Fixture[] {
  const folder = join(root, agent);
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".jsonl"))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
    .map((path) => ({ name: relative(root, path), path }));
}

/** Every session file of an agent; `sessions` without those of sub-agents. */
export function fixtures(agent: "claude" | "codex"): {
  own: Fixture[];
  shared: Fixture[];
  all: Fixture[];
  sessions: Fixture[];
} {
  const found = { own: filesOf(own, agent), shared: filesOf(shared, agent) };
  const all = [...found.own, ...found.shared];
  return { ...found, all, sessions: all.filter((file) => !file.path.includes("/subagents/")) };
}

export const OWN_SESSION = "3d1f6a52-0c8e-4f0a-9d53-6b2a1c7e9f10";
export const ownClaude = join(own, "claude", `${OWN_SESSION}.jsonl`);

/** The records of a file that are JSON. */
export function recordsOf(path: string): unknown[] {
  const records: unknown[] = [];
  for (const line of readFileSync(path, "utf8").split("\n")) {
    try {
      records.push(JSON.parse(line));
    } catch {
      // a torn or empty line is no record
    }
  }
  return records;
}

export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}
