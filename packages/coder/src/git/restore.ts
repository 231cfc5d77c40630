import { lstatSync } from "node:fs";
import { readdir, rmdir } from "node:fs/promises";
import { nestedRepository, readCheckpoint, readCheckpointCommit, takeCheckpoint } from "./checkpoint.ts";
import type { Checkpoint, CheckpointDeps, KnownCheckpoint } from "./checkpoint.ts";
import { findInTheWay } from "./in-the-way.ts";
import { planRestore } from "./plan-restore.ts";
import type { RestorePlan } from "./plan-restore.ts";
import { checkBlobs } from "./read-blobs.ts";
import { GitRefused } from "./refusal.ts";
import { commitAt } from "./refs.ts";
import type { CheckpointName } from "./refs.ts";
import { findRepository } from "./repository.ts";
import { changesBetween, entriesOf } from "./tree.ts";
import { removeFiles, writeFiles } from "./write-files.ts";
import { onDisk } from "./file-stat.ts";

/**
 * Takes a working tree back to a checkpoint. What was there before is kept as one more checkpoint (`undo`), by which
 * the same function takes it forward again. The index, the branch, the stash and ignored files stay as they are.
 */
export interface Restored {
  readonly undo: Pick<Checkpoint, "commit" | "head" | "branch">;
  readonly written: number;
  readonly removed: number;
}

export async function restoreCheckpoint(
  directory: string,
  { to, undo }: { readonly to: CheckpointName; readonly undo: CheckpointName },
  deps: CheckpointDeps,
): Promise<Restored> {
  const { git } = deps;
  const { top } = await findRepository(git, directory);
  // Looked for first: taking one may drop the oldest.
  const wanted = await readCheckpoint(git, top, to);
  // A crash came after this one was begun: what was there before it is kept already.
  const begun = await commitAt(git, top, undo);
  const now = begun === undefined ? undo : { ...undo, edge: "end" as const };
  const { repository, ...before } = await takeCheckpoint(directory, now, deps);
  const steps = await planSteps(repository.top, before.commit, wanted.commit, deps);
  const done = await carryOut(steps, deps);
  return { undo: begun === undefined ? before : await readCheckpointCommit(git, top, begun), ...done };
}

/** One working tree's part: its own, or that of a repository in it. */
interface Step {
  readonly top: string;
  readonly plan: RestorePlan;
}

/** The plans for a working tree and for the repositories in it; refuses if any part cannot be done. */
export async function planSteps(
  top: string,
  from: string,
  to: string,
  deps: Pick<CheckpointDeps, "git">,
): Promise<Step[]> {
  const { git } = deps;
  const [now, wanted] = await Promise.all([readCheckpointCommit(git, top, from), readCheckpointCommit(git, top, to)]);
  const plan = planRestore(await changesBetween(git, top, now.tree, wanted.tree), bothOf(now, wanted));
  if (plan.impossible.length > 0) {
    throw new GitRefused("in_the_way", "A repository in the repository came or went since then.", plan.impossible);
  }
  const there = new Map((await entriesOf(git, top, now.tree)).map(({ path, oid }) => [path, oid]));
  const inTheWay = await findInTheWay(top, plan, new Set(there.keys()));
  if (inTheWay.length > 0) {
    throw new GitRefused("in_the_way", "Ignored files stand where files of this checkpoint were.", inTheWay);
  }
  await checkBlobs(
    git,
    top,
    plan.write.map(({ oid }) => oid),
  );
  const steps: Step[] = [{ top, plan }];
  for (const { path, oid } of plan.nested) {
    const inner = await nestedRepository(git, top, path);
    steps.push(...(await planSteps(inner.top, there.get(path) ?? "", oid, deps)));
  }
  return steps;
}

function bothOf(a: KnownCheckpoint, b: KnownCheckpoint): ReadonlySet<string> {
  return new Set([...a.nested, ...b.nested]);
}

export async function carryOut(
  steps: readonly Step[],
  { git, nonce }: Pick<CheckpointDeps, "git" | "nonce">,
): Promise<{ readonly written: number; readonly removed: number }> {
  let [written, removed] = [0, 0];
  for (const { top, plan } of steps) {
    const { remove, write } = plan;
    await removeFiles(top, remove);
    // An empty folder may stand where a file was.
    for (const { path } of write) await removeEmptyFolder(top, path);
    await writeFiles(git, top, write, nonce());
    written += write.length;
    removed += remove.length;
  }
  return { written, removed };
}

async function removeEmptyFolder(top: string, path: string): Promise<void> {
  if (lstatSync(onDisk(top, path), { throwIfNoEntry: false })?.isDirectory() !== true) return;
  for (const entry of await readdir(onDisk(top, path), { encoding: "buffer" })) {
    await removeEmptyFolder(top, `${path}/${Buffer.from(entry).toString("latin1")}`);
  }
  // Something came in between: the file cannot be written, and says so.
  await rmdir(onDisk(top, path));
}
