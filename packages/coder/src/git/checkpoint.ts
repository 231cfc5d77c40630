import { realpath } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import type { Git } from "./git.ts";
import { listFiles } from "./list-files.ts";
import { GitRefused, shownPath } from "./refusal.ts";
import { commitAt, deleteRefs, refOf, refPart, turnsOf } from "./refs.ts";
import type { CheckpointName } from "./refs.ts";
import { branchOf, findRepository, headOf } from "./repository.ts";
import type { Repository } from "./repository.ts";
import { snapshotOf } from "./snapshot.ts";
import type { SnapshotLimits } from "./snapshot.ts";

/** A working tree as it was: a commit whose parent is the one that was checked out, and whose tree is the files. */
export interface Checkpoint {
  readonly commit: string;
  readonly tree: string;
  /** What was checked out; absent before the first commit. */
  readonly head?: string;
  readonly branch?: string;
  /** How many files had to be read. */
  readonly read: number;
}

export interface CheckpointDeps {
  readonly git: Git;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly nonce: () => string;
  readonly limits: SnapshotLimits;
  /** Turns of a session of which checkpoints are kept. */
  readonly keepTurns: number;
  /** Throws for a working tree outside of the directories in which coders may work. */
  readonly checkTop: (top: string) => Promise<void>;
}

const MAX_DEPTH = 4;
const MAX_NESTED = 64;
const IDENTITY = "Skein";

/** What the commit's message says besides its first line. */
const noted = z.object({
  v: z.literal(1),
  branch: z.string().optional(),
  /** Repositories in it that have a checkpoint of their own, which the tree names as theirs. */
  nested: z.array(z.string()),
});

/** Takes one, under its name. Refuses before anything is written to the repository's refs. */
export async function takeCheckpoint(
  directory: string,
  name: CheckpointName,
  deps: CheckpointDeps,
): Promise<Checkpoint & { readonly repository: Repository }> {
  const repository = await findRepository(deps.git, directory);
  await deps.checkTop(repository.top);
  const checkpoint = await takeOf(repository, name, deps, { depth: 0, left: { nested: MAX_NESTED } });
  return { ...checkpoint, repository };
}

interface Bounds {
  readonly depth: number;
  /** Counts down over all that are found. */
  readonly left: { nested: number };
}

async function takeOf(
  repository: Repository,
  name: CheckpointName,
  deps: CheckpointDeps,
  bounds: Bounds,
): Promise<Checkpoint> {
  const { git } = deps;
  const { top } = repository;
  const [head, branch] = await Promise.all([headOf(git, top), branchOf(git, top)]);
  const nested = new Map<string, string>();
  let read = 0;
  const listing = await listFiles(git, top);
  for (const path of listing.nested) {
    bounds.left.nested -= 1;
    if (bounds.depth === MAX_DEPTH || bounds.left.nested < 0) {
      throw new GitRefused("too_large", "There are too many repositories in the repository.", [path]);
    }
    const inner = await takeOf(await nestedRepository(git, top, path), name, deps, {
      ...bounds,
      depth: bounds.depth + 1,
    });
    nested.set(path, inner.commit);
    read += inner.read;
  }
  const own = await snapshotOf(git, repository, listing, {
    session: refPart(name.session),
    nonce: deps.nonce(),
    limits: deps.limits,
    nested,
  });
  const title = `${name.edge} of turn ${refPart(name.turn)} of session ${refPart(name.session)}`;
  const parents = head === undefined ? [] : [head];
  const files = { tree: own.tree, parents, nested: [...nested.keys()], title };
  const commit = await commitFiles(repository, { ...files, ...(branch === undefined ? {} : { branch }) }, deps);
  await git.run(top, ["update-ref", "--no-deref", refOf(name), commit]);
  await prune(git, top, name.session, deps.keepTurns);
  return {
    commit,
    tree: own.tree,
    read: read + own.read,
    ...(head === undefined ? {} : { head }),
    ...(branch === undefined ? {} : { branch }),
  };
}

/** The repository at a path of another one: its files must be there and nowhere else. */
export async function nestedRepository(git: Git, top: string, path: string): Promise<Repository> {
  const directory = join(top, shownPath(path));
  const repository = await findRepository(git, directory);
  if (repository.inside !== "" || repository.top !== (await realpath(directory))) {
    throw new GitRefused("unreadable", `There is a repository at ${shownPath(path)} that git cannot open.`, [path]);
  }
  return repository;
}

/** A commit that says what is needed to go back to it. No ref names it yet. */
export async function commitFiles(
  { top }: Pick<Repository, "top">,
  files: {
    readonly tree: string;
    readonly parents: readonly string[];
    readonly nested: readonly string[];
    readonly branch?: string;
    /** For people who come across it. */
    readonly title: string;
  },
  { git, now }: Pick<CheckpointDeps, "git" | "now">,
): Promise<string> {
  const { tree, parents, nested, branch, title } = files;
  const date = `${String(Math.floor(now() / 1000))} +0000`;
  const message = { v: 1, ...(branch === undefined ? {} : { branch }), nested };
  const args = ["commit-tree", "--no-gpg-sign", tree, ...parents.flatMap((parent) => ["-p", parent])];
  const told = await git.run(top, args, {
    input: Buffer.from(`Skein checkpoint: ${title}\n\n${JSON.stringify(message)}\n`, "utf8"),
    variables: {
      GIT_AUTHOR_NAME: IDENTITY,
      GIT_AUTHOR_EMAIL: "",
      GIT_AUTHOR_DATE: date,
      GIT_COMMITTER_NAME: IDENTITY,
      GIT_COMMITTER_EMAIL: "",
      GIT_COMMITTER_DATE: date,
    },
  });
  return told.trim();
}

/** Drops all but the newest turns of a session; `keepTurns: 0` drops them all. */
export async function prune(git: Git, top: string, session: string, keepTurns: number): Promise<void> {
  const turns = [...(await turnsOf(git, top, session)).values()];
  await deleteRefs(git, top, turns.slice(0, Math.max(0, turns.length - keepTurns)).flat());
}

export interface KnownCheckpoint {
  readonly commit: string;
  readonly tree: string;
  readonly head?: string;
  readonly branch?: string;
  /** Paths as git has them, one byte per character. */
  readonly nested: ReadonlySet<string>;
}

/** One that was taken, by its name. */
export async function readCheckpoint(git: Git, top: string, name: CheckpointName): Promise<KnownCheckpoint> {
  const commit = await commitAt(git, top, name);
  if (commit === undefined) {
    throw new GitRefused("no_checkpoint", `There is no checkpoint of the ${name.edge} of this turn in ${top}.`);
  }
  return readCheckpointCommit(git, top, commit);
}

export async function readCheckpointCommit(git: Git, top: string, commit: string): Promise<KnownCheckpoint> {
  const text = await git.run(top, ["cat-file", "commit", commit]);
  const cut = text.indexOf("\n\n");
  const header = text.slice(0, cut).split("\n");
  const said = text.slice(cut + 2).split("\n\n")[1] ?? "";
  const field = (key: string): string | undefined =>
    header.find((line) => line.startsWith(`${key} `))?.slice(key.length + 1);
  const tree = field("tree");
  const note = noted.safeParse(jsonIn(Buffer.from(said, "latin1").toString("utf8")));
  if (tree === undefined || !note.success) {
    throw new GitRefused("no_checkpoint", `${commit} is not a checkpoint.`);
  }
  const head = field("parent");
  const { branch, nested } = note.data;
  return {
    commit,
    tree,
    nested: new Set(nested),
    ...(head === undefined ? {} : { head }),
    ...(branch === undefined ? {} : { branch }),
  };
}

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
