import type { TreeChange, TreeEntry } from "./tree.ts";

/** What has to be done to a working tree so that it is as a checkpoint says: pure, from the changes between the two. */
export interface RestorePlan {
  readonly remove: readonly string[];
  readonly write: readonly TreeEntry[];
  /** Repositories in it that have to be taken back to a checkpoint of their own. */
  readonly nested: readonly TreeEntry[];
  /** Repositories that came or went since: they are neither made nor deleted. */
  readonly impossible: readonly string[];
}

/**
 * @param changes from what is there now to what shall be there
 * @param known of both sides: repositories with a checkpoint of their own
 */
export function planRestore(changes: readonly TreeChange[], known: ReadonlySet<string>): RestorePlan {
  const remove: string[] = [];
  const write: TreeEntry[] = [];
  const nested: TreeEntry[] = [];
  const impossible: string[] = [];
  for (const { path, from, to } of changes) {
    if (from?.kind === "repository" || to?.kind === "repository") {
      // A submodule that is not there is an empty folder, whatever commit is noted for it.
      if (!known.has(path)) continue;
      if (from?.kind === "repository" && to?.kind === "repository") nested.push(to);
      else impossible.push(path);
    } else if (to === undefined) remove.push(path);
    else write.push(to);
  }
  return { remove, write, nested, impossible };
}
