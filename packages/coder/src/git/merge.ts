import type { Checkpoint, CheckpointDeps, KnownCheckpoint } from "./checkpoint.ts";
import { commitFiles, readCheckpoint, takeCheckpoint } from "./checkpoint.ts";
import type { Git } from "./git.ts";
import { GitFailed } from "./git.ts";
import { isolated } from "./isolation.ts";
import { records } from "./list-files.ts";
import { GitRefused } from "./refusal.ts";
import { commitAt } from "./refs.ts";
import type { CheckpointName } from "./refs.ts";
import { findRepository } from "./repository.ts";
import { carryOut, planSteps } from "./restore.ts";
import { changesBetween } from "./tree.ts";

/**
 * Brings what was done between two checkpoints into a directory, by a merge of three: what was there before (`base`),
 * what was made of it elsewhere (`theirs`), and the directory as it is. Conflicts refuse it before any file is changed.
 */
export interface MergeOrder {
  readonly base: CheckpointName;
  readonly theirs: CheckpointName;
  /** What the directory was before, to go back to. */
  readonly undo: CheckpointName;
}

export interface Merged {
  readonly undo: Pick<Checkpoint, "commit" | "head" | "branch">;
  readonly written: number;
  readonly removed: number;
}

export async function mergeInto(directory: string, order: MergeOrder, deps: CheckpointDeps): Promise<Merged> {
  const { git } = deps;
  const { top } = await findRepository(git, directory);
  const base = await readCheckpoint(git, top, order.base);
  const theirs = await readCheckpoint(git, top, order.theirs);
  // A crash came after this one was begun: what was there before it is kept already, and merged again.
  const begun = await commitAt(git, top, order.undo);
  const now = begun === undefined ? order.undo : { ...order.undo, edge: "end" as const };
  const { repository, commit: there } = await takeCheckpoint(directory, now, deps);
  const ours = await readCheckpoint(git, top, order.undo);
  const tree = await mergeTrees(git, top, { base, ours, theirs }, deps);
  const nested = [...new Set([...ours.nested, ...theirs.nested])];
  const merged = await commitFiles(repository, { tree, parents: [ours.commit], nested, title: "merge" }, deps);
  const steps = await planSteps(top, there, merged, deps);
  return { undo: ours, ...(await carryOut(steps, deps)) };
}

interface Three {
  readonly base: KnownCheckpoint;
  readonly ours: KnownCheckpoint;
  readonly theirs: KnownCheckpoint;
}

/** Nothing is written but objects: neither an index nor a file. */
async function mergeTrees(git: Git, top: string, three: Three, deps: CheckpointDeps): Promise<string> {
  const { base, ours, theirs } = three;
  const onBase = (tree: string): Promise<string> =>
    commitFiles({ top }, { tree, parents: [base.commit], nested: [], title: "side of a merge" }, deps);
  const [one, other] = [await onBase(ours.tree), await onBase(theirs.tree)];
  const variables = isolated(await withoutDrivers(git, top));
  let told: string;
  try {
    const args = ["merge-tree", "--write-tree", "-z", "--name-only", "--no-messages", one, other];
    told = await git.run(top, args, { variables, accept: [1] });
  } catch (error) {
    if (!(error instanceof GitFailed)) throw error;
    throw new GitRefused("no_git", `This git cannot merge without touching files (2.38 can). ${error.message}`);
  }
  const [tree = "", ...conflicts] = records(told);
  if (conflicts.length > 0) {
    throw new GitRefused("conflict", "The same places were changed here too.", [...new Set(conflicts)]);
  }
  return tree;
}

/** Programs that the repository's configuration names for merging: what they are wanted for is a conflict. */
async function withoutDrivers(git: Git, top: string): Promise<Record<string, string>> {
  const args = ["config", "-z", "--name-only", "--get-regexp", "^merge\\..*\\.(driver|recursive)$"];
  const names = records(await git.run(top, args, { accept: [1] }));
  return Object.fromEntries(names.map((name) => [Buffer.from(name, "latin1").toString("utf8"), "false"]));
}

/** What became of a file on each of two sides since they were the same. */
export interface FileDifference {
  readonly path: string;
  readonly a?: "added" | "changed" | "deleted";
  readonly b?: "added" | "changed" | "deleted";
  /** Both made the same of it. */
  readonly same: boolean;
}

/** The files that differ between a common checkpoint and one on each side, all of one repository. */
export async function compareCheckpoints(
  directory: string,
  names: { readonly base: CheckpointName; readonly a: CheckpointName; readonly b: CheckpointName },
  { git }: Pick<CheckpointDeps, "git">,
): Promise<FileDifference[]> {
  const { top } = await findRepository(git, directory);
  const [base, a, b] = await Promise.all([names.base, names.a, names.b].map((name) => readCheckpoint(git, top, name)));
  if (base === undefined || a === undefined || b === undefined) return [];
  const [ofA, ofB] = await Promise.all(
    [a, b].map(async ({ tree }) => {
      const changes = await changesBetween(git, top, base.tree, tree);
      return new Map(changes.map((change) => [change.path, change]));
    }),
  );
  const paths = [...new Set([...(ofA?.keys() ?? []), ...(ofB?.keys() ?? [])])].sort();
  return paths.map((path) => {
    const [mine, other] = [ofA?.get(path), ofB?.get(path)];
    const same =
      mine !== undefined && other !== undefined && mine.to?.oid === other.to?.oid && mine.to?.kind === other.to?.kind;
    return {
      path: Buffer.from(path, "latin1").toString("utf8"),
      ...(mine === undefined ? {} : { a: kindOf(mine) }),
      ...(other === undefined ? {} : { b: kindOf(other) }),
      same,
    };
  });
}

function kindOf({ from, to }: { readonly from: unknown; readonly to: unknown }): "added" | "changed" | "deleted" {
  if (from === undefined) return "added";
  return to === undefined ? "deleted" : "changed";
}
