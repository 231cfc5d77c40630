import { access, mkdir, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { nestedRepository, readCheckpoint, readCheckpointCommit } from "./checkpoint.ts";
import type { CheckpointDeps } from "./checkpoint.ts";
import { listFiles } from "./list-files.ts";
import { checkBlobs } from "./read-blobs.ts";
import { GitRefused, shownPath } from "./refusal.ts";
import type { CheckpointName } from "./refs.ts";
import { commitAt, refOf, refPart } from "./refs.ts";
import { findRepository, headOf, ownFolder } from "./repository.ts";
import { snapshotOf } from "./snapshot.ts";
import { entriesOf } from "./tree.ts";
import { writeFiles } from "./write-files.ts";

/**
 * A working tree of its own at a checkpoint: the commit that was checked out then, and on top of it the files as they
 * were, untracked ones too. Which changes had been staged is not kept. Repositories in it get working trees of their
 * own in the same way; nothing is fetched.
 */
export interface Worktree {
  readonly top: string;
  /** The directory that corresponds to the one it was made from. */
  readonly directory: string;
  /** The checkpoint's commit. */
  readonly commit: string;
}

export interface WorktreeOrder {
  /** Somewhere in the repository, which has the checkpoint. */
  readonly directory: string;
  readonly from: CheckpointName;
  /** Whose working tree it is: it begins there with a checkpoint under this name. */
  readonly as: CheckpointName;
  /** Where it shall be. */
  readonly target: string;
}

const DONE = "worktree-is-whole";
type Deps = Pick<CheckpointDeps, "git" | "nonce">;

/** Refuses before anything is made; one that was made before is found again, one that was half made is made anew. */
export async function makeWorktree(order: WorktreeOrder, deps: Deps): Promise<Worktree> {
  const { git } = deps;
  const { top, inside } = await findRepository(git, order.directory);
  const made = await findMade(order, deps);
  if (made !== undefined) return { top: order.target, directory: join(order.target, inside), commit: made };
  const { commit } = await readCheckpoint(git, top, order.from);
  await check(top, commit, deps);
  await mkdir(dirname(order.target), { recursive: true });
  await make({ top, commit, target: order.target, as: order.as }, deps);
  return { top: order.target, directory: join(order.target, inside), commit };
}

/** Looks at all that will be needed, in the repositories within too. */
async function check(top: string, commit: string, deps: Deps): Promise<void> {
  const { git } = deps;
  const { tree, head, nested } = await readCheckpointCommit(git, top, commit);
  if (head === undefined) throw new GitRefused("no_commit", `The repository ${top} had no commit yet.`);
  const entries = await entriesOf(git, top, tree);
  await checkBlobs(
    git,
    top,
    entries.flatMap(({ kind, oid }) => (kind === "repository" ? [] : [oid])),
  );
  for (const { path, oid } of entries.filter(({ path }) => nested.has(path))) {
    await check((await nestedRepository(git, top, path)).top, oid, deps);
  }
}

interface Making {
  readonly top: string;
  readonly commit: string;
  readonly target: string;
  readonly as: CheckpointName;
}

async function make({ top, commit, target, as }: Making, deps: Deps): Promise<void> {
  const { git, nonce } = deps;
  const { tree, head = "", nested } = await readCheckpointCommit(git, top, commit);
  await git.run(top, ["worktree", "add", "--quiet", "--detach", "--no-checkout", target, head]);
  await git.run(target, ["read-tree", head]);
  const entries = await entriesOf(git, top, tree);
  await writeFiles(git, target, entries, nonce());
  for (const { path, oid } of entries) {
    const inner = join(target, shownPath(path));
    if (nested.has(path)) {
      await mkdir(dirname(inner), { recursive: true });
      const { top: origin } = await nestedRepository(git, top, path);
      await make({ top: origin, commit: oid, target: inner, as }, deps);
    }
  }
  for (const { path, kind } of entries) {
    if (kind === "repository" && !nested.has(path)) await mkdir(join(target, shownPath(path)), { recursive: true });
  }
  // What it began as: whether anything was done in it since is judged by this.
  await git.run(target, ["update-ref", "--no-deref", refOf(as), commit]);
  await writeFile(join(await ownFolder(await findRepository(git, target)), DONE), `${commit}\n`);
}

/** The checkpoint that a working tree at this place was made from; `undefined` when there is none yet. */
async function findMade({ target, as }: WorktreeOrder, deps: Deps): Promise<string | undefined> {
  if (!(await exists(target))) return undefined;
  const repository = await findRepository(deps.git, target);
  if (repository.inside !== "") throw new GitRefused("in_the_way", `${target} is there already.`);
  const commit = await commitAt(deps.git, target, as);
  if (commit !== undefined && (await exists(join(repository.gitDir, "skein", DONE)))) return commit;
  if (!isOurs(repository.gitDir, target)) throw new GitRefused("in_the_way", `${target} is there already.`);
  // A crash came while it was made: nobody has worked in it.
  await removeWith(target, deps);
  return undefined;
}

/** Git keeps what belongs to a working tree under its name. */
function isOurs(gitDir: string, target: string): boolean {
  return basename(dirname(gitDir)) === "worktrees" && basename(gitDir).startsWith(basename(target));
}

async function removeWith(target: string, { git }: Deps): Promise<void> {
  // Its repositories first: git does not remove them with it.
  for (const path of (await listFiles(git, target)).nested) {
    const { top, gitDir } = await nestedRepository(git, target, path);
    if (basename(dirname(gitDir)) !== "worktrees")
      throw new GitRefused("not_clean", `${top} is a repository of its own.`);
    await removeWith(top, { git, nonce: () => "" });
  }
  await git.run(dirname(target), [
    `--git-dir=${await commonDirOf(git, target)}`,
    "worktree",
    "remove",
    "-f",
    "-f",
    target,
  ]);
}

async function commonDirOf(git: Deps["git"], target: string): Promise<string> {
  const told = await git.run(target, ["rev-parse", "--path-format=absolute", "--git-common-dir"]);
  return Buffer.from(told.trim(), "latin1").toString("utf8");
}

/**
 * Removes a working tree that `makeWorktree` made, when nothing was done in it that would be lost: its files are those
 * that it began with, and the same commit is checked out.
 */
export async function removeWorktree(target: string, as: CheckpointName, deps: CheckpointDeps): Promise<void> {
  const { git } = deps;
  const repository = await findRepository(git, target);
  if (repository.inside !== "" || !isOurs(repository.gitDir, target)) {
    throw new GitRefused("no_repository", `${target} is not a working tree that was made for a session.`);
  }
  await checkUntouched(repository.top, as, deps);
  await removeWith(target, deps);
}

async function checkUntouched(top: string, as: CheckpointName, deps: CheckpointDeps): Promise<void> {
  const { git, limits, nonce } = deps;
  const began = await readCheckpoint(git, top, as);
  const repository = await findRepository(git, top);
  const listing = await listFiles(git, top);
  const nested = new Map<string, string>();
  for (const path of listing.nested) {
    const inner = await nestedRepository(git, top, path);
    await checkUntouched(inner.top, as, deps);
    nested.set(path, (await readCheckpoint(git, inner.top, as)).commit);
  }
  const session = refPart(as.session);
  const { tree } = await snapshotOf(git, repository, listing, { session, nonce: nonce(), limits, nested });
  if (tree === began.tree && (await headOf(git, top)) === began.head) return;
  throw new GitRefused("not_clean", `Something was changed in ${top} since it was made.`);
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
