import { mkdir, readlink, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Git } from "./git.ts";
import { GitFailed } from "./git.ts";
import { onDisk } from "./file-stat.ts";
import { GitRefused } from "./refusal.ts";

/** Puts the files' bytes, as they are, into the repository's objects; answers with their ids, in their order. */
export async function hashFiles(git: Git, directory: string, paths: readonly string[]): Promise<string[]> {
  if (paths.length === 0) return [];
  const input = Buffer.from(paths.map((path) => `${quoted(path)}\n`).join(""), "latin1");
  const told = await hashing(() =>
    git.run(directory, ["hash-object", "-w", "--no-filters", "--stdin-paths"], { input }),
  );
  const oids = told.split("\n").slice(0, -1);
  if (oids.length !== paths.length) throw new GitRefused("changing", "Files went away while they were read.");
  return oids;
}

async function hashing(run: () => Promise<string>): Promise<string> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof GitFailed) throw new GitRefused("unreadable", error.message);
    throw error;
  }
}

/** Links are kept as what they say, which git reads from files only: written to `folder` for as long as it takes. */
export async function hashLinks(git: Git, top: string, paths: readonly string[], folder: string): Promise<string[]> {
  if (paths.length === 0) return [];
  await mkdir(folder, { recursive: true, mode: 0o700 });
  try {
    for (const [index, path] of paths.entries()) {
      const target = await readlink(onDisk(top, path), { encoding: "buffer" }).catch(() => {
        throw new GitRefused("changing", "Links went away while they were read.");
      });
      await writeFile(join(folder, String(index)), target);
    }
    return await hashFiles(
      git,
      folder,
      paths.map((_, index) => String(index)),
    );
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** As git reads a path in a list of lines: any byte may be in it. */
export function quoted(path: string): string {
  const escaped = path.replace(/["\\]|[^\x20-\x7e]/g, (character) =>
    character === '"' || character === "\\"
      ? `\\${character}`
      : `\\${character.charCodeAt(0).toString(8).padStart(3, "0")}`,
  );
  return `"${escaped}"`;
}
