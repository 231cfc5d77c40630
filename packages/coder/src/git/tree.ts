import type { Git } from "./git.ts";
import { records } from "./list-files.ts";
import { GitRefused } from "./refusal.ts";

/** What a tree has at a path. */
export interface TreeEntry {
  readonly path: string;
  readonly oid: string;
  readonly kind: "file" | "executable" | "link" | "repository";
}

/** One path in which two trees differ: what it was, and what it is. */
export interface TreeChange {
  readonly path: string;
  readonly from: TreeEntry | undefined;
  readonly to: TreeEntry | undefined;
}

const KINDS: Readonly<Record<string, TreeEntry["kind"]>> = {
  "100644": "file",
  "100664": "file",
  "100755": "executable",
  "120000": "link",
  "160000": "repository",
};

export async function entriesOf(git: Git, top: string, tree: string): Promise<TreeEntry[]> {
  const told = await git.run(top, ["ls-tree", "-r", "-z", "--full-tree", tree]);
  return records(told).map((record) => {
    const tab = record.indexOf("\t");
    const [mode = "", , oid = ""] = record.slice(0, tab).split(" ");
    return entry(record.slice(tab + 1), mode, oid);
  });
}

export async function changesBetween(git: Git, top: string, from: string, to: string): Promise<TreeChange[]> {
  const told = records(await git.run(top, ["diff-tree", "-r", "-z", "--raw", "--no-renames", "--no-abbrev", from, to]));
  const changes: TreeChange[] = [];
  for (let index = 0; index + 1 < told.length; index += 2) {
    const [fromMode = "", toMode = "", fromOid = "", toOid = ""] = (told[index] ?? "").slice(1).split(" ");
    const path = told[index + 1] ?? "";
    changes.push({
      path,
      from: /^0+$/.test(fromMode) ? undefined : entry(path, fromMode, fromOid),
      to: /^0+$/.test(toMode) ? undefined : entry(path, toMode, toOid),
    });
  }
  return changes;
}

function entry(path: string, mode: string, oid: string): TreeEntry {
  const kind = KINDS[mode];
  if (kind === undefined || !isSafePath(path)) {
    throw new GitRefused("no_checkpoint", "This tree has a path that no checkpoint has.", [path]);
  }
  return { path, oid, kind };
}

/** A tree may say anything; what is written from one stays below the working tree's root, and out of git's folder. */
export function isSafePath(path: string): boolean {
  return (
    !path.includes("\0") &&
    path
      .split("/")
      .every((part) => part !== "" && part !== "." && part !== ".." && !/^(?:\.git|git~1)[. ]*$/i.test(part))
  );
}
