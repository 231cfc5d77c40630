import { lstat, mkdir, realpath } from "node:fs/promises";
import { join, relative } from "node:path";
import type { Git } from "./git.ts";
import { GitFailed } from "./git.ts";
import { GitRefused } from "./refusal.ts";

/** A working tree of a repository. */
export interface Repository {
  /** The working tree's root, links resolved. */
  readonly top: string;
  /** The directory that was asked about, from there: "" or `a/b`. */
  readonly inside: string;
  /** Git's own folder of this working tree. */
  readonly gitDir: string;
}

/** The repository that a directory lies in. Refuses where there is none with a working tree. */
export async function findRepository(git: Git, directory: string): Promise<Repository> {
  const asked = await realpath(directory).catch(() => {
    throw new GitRefused("no_repository", `There is no directory ${directory}.`);
  });
  let told: string;
  try {
    told = await git.run(asked, ["rev-parse", "--show-toplevel", "--absolute-git-dir"]);
  } catch (error) {
    if (!(error instanceof GitFailed)) throw error;
    // Bare, not a repository, or one that belongs to somebody else.
    throw new GitRefused("no_repository", error.message);
  }
  const [top = "", gitDir = ""] = told.split("\n").map((line) => Buffer.from(line, "latin1").toString("utf8"));
  const root = await realpath(top);
  const inside = relative(root, asked);
  // A configuration may say that the working tree is anywhere.
  if (inside.startsWith("..")) {
    throw new GitRefused("no_repository", `The repository of ${asked} has its files elsewhere, in ${root}.`);
  }
  return { top: root, inside, gitDir };
}

/** The commit that is checked out; `undefined` before the first one. */
export async function headOf(git: Git, top: string): Promise<string | undefined> {
  const told = await git.run(top, ["rev-parse", "--verify", "--quiet", "HEAD^{commit}"], { accept: [1, 128] });
  return told.trim() === "" ? undefined : told.trim();
}

export async function branchOf(git: Git, top: string): Promise<string | undefined> {
  const told = await git.run(top, ["symbolic-ref", "--quiet", "HEAD"], { accept: [1] });
  return told.trim() === "" ? undefined : Buffer.from(told.trim(), "latin1").toString("utf8");
}

/** Our own folder beside git's, made if it is not there. */
export async function ownFolder({ gitDir }: Repository): Promise<string> {
  const folder = join(gitDir, "skein");
  await mkdir(folder, { recursive: true });
  if (!(await lstat(folder)).isDirectory()) throw new GitRefused("not_allowed", `${folder} leads elsewhere.`);
  return folder;
}
