import { lstat } from "node:fs/promises";
import type { Git } from "./git.ts";
import { onDisk } from "./file-stat.ts";

/** What lies in a working tree, as git sees it: tracked and untracked, without what is ignored. */
export interface Listing {
  /** Files and links, perhaps deleted ones too, each once, sorted. */
  readonly paths: readonly string[];
  /** Repositories in the repository: submodules, and those that were put there. */
  readonly nested: readonly string[];
  /** Submodules without a repository of their own here, and the commit that is recorded for them. */
  readonly absent: ReadonlyMap<string, string>;
}

const GITLINK = "160000";

export async function listFiles(git: Git, top: string): Promise<Listing> {
  const [tracked, untracked] = await Promise.all([
    git.run(top, ["ls-files", "-z", "--stage"]),
    git.run(top, ["ls-files", "-z", "--others", "--exclude-standard"]),
  ]);
  const paths = new Set<string>();
  const nested = new Set<string>();
  const absent = new Map<string, string>();
  for (const line of records(tracked)) {
    const tab = line.indexOf("\t");
    const path = line.slice(tab + 1);
    const [mode, oid = ""] = line.slice(0, tab).split(" ");
    if (mode !== GITLINK) paths.add(path);
    else if (await hasRepository(top, path)) nested.add(path);
    else if (await isFolder(top, path)) absent.set(path, oid);
    // A submodule's folder that became a file is listed among the untracked.
  }
  for (const path of records(untracked)) {
    if (path.endsWith("/")) nested.add(path.slice(0, -1));
    else paths.add(path);
  }
  return { paths: [...paths].sort(), nested: [...nested].sort(), absent };
}

export function records(text: string): string[] {
  return text.split("\0").slice(0, -1);
}

async function hasRepository(top: string, path: string): Promise<boolean> {
  const found = await lstat(onDisk(top, `${path}/.git`)).catch(() => undefined);
  return found !== undefined && (await isFolder(top, path));
}

async function isFolder(top: string, path: string): Promise<boolean> {
  return (await lstat(onDisk(top, path)).catch(() => undefined))?.isDirectory() === true;
}
