import { randomUUID } from "node:crypto";
import { checkDirectory } from "../coder/admission.ts";
import type { DirectoryRules } from "../coder/admission.ts";
import type { Environment } from "../process/environment.ts";
import { prune, takeCheckpoint } from "./checkpoint.ts";
import type { Checkpoint, CheckpointDeps } from "./checkpoint.ts";
import { createGit } from "./git.ts";
import { compareCheckpoints, mergeInto } from "./merge.ts";
import type { FileDifference, Merged, MergeOrder } from "./merge.ts";
import { GitRefused, orRefusal } from "./refusal.ts";
import type { GitRefusal } from "./refusal.ts";
import type { CheckpointName } from "./refs.ts";
import { findRepository } from "./repository.ts";
import { restoreCheckpoint } from "./restore.ts";
import type { Restored } from "./restore.ts";
import { SNAPSHOT_LIMITS } from "./snapshot.ts";
import type { SnapshotLimits } from "./snapshot.ts";
import { makeWorktree, removeWorktree } from "./worktree.ts";
import type { Worktree, WorktreeOrder } from "./worktree.ts";

/**
 * Checkpoints of working directories that lie in git repositories. Everything answers with what it did or with why it
 * did nothing; what throws is a bug or a git that failed.
 */
export interface Checkpoints {
  take(directory: string, name: CheckpointName): Promise<Checkpoint | GitRefusal>;
  /** Takes the directory back, and keeps what was there as `undo`. */
  restore(
    directory: string,
    names: { readonly to: CheckpointName; readonly undo: CheckpointName },
  ): Promise<Restored | GitRefusal>;
  makeWorktree(order: WorktreeOrder): Promise<Worktree | GitRefusal>;
  /** Brings in what was done elsewhere, unless it conflicts with what was done here. */
  merge(directory: string, order: MergeOrder): Promise<Merged | GitRefusal>;
  compare(
    directory: string,
    names: { readonly base: CheckpointName; readonly a: CheckpointName; readonly b: CheckpointName },
  ): Promise<readonly FileDifference[] | GitRefusal>;
  /** Only when nothing was done in it. */
  removeWorktree(target: string, as: CheckpointName): Promise<"removed" | GitRefusal>;
  /** Forgets those of a session. */
  forget(directory: string, session: string): Promise<"forgotten" | GitRefusal>;
}

export interface CheckpointsOptions {
  readonly environment: Environment;
  readonly directories: DirectoryRules;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly nonce?: () => string;
  readonly limits?: SnapshotLimits;
  /** Turns of a session of which checkpoints are kept. */
  readonly keepTurns?: number;
}

export const KEEP_TURNS = 100;

export function createCheckpoints(options: CheckpointsOptions): Checkpoints {
  const git = createGit({ environment: options.environment });
  const deps: CheckpointDeps = {
    git,
    now: options.now,
    nonce: options.nonce ?? (() => randomUUID().slice(0, 8)),
    limits: options.limits ?? SNAPSHOT_LIMITS,
    keepTurns: options.keepTurns ?? KEEP_TURNS,
    async checkTop(top) {
      await checkDirectory(top, options.directories).catch((error: Error) => {
        throw new GitRefused("not_allowed", error.message);
      });
    },
  };
  return {
    take: (directory, name) =>
      orRefusal(async () => {
        const { repository: _, ...checkpoint } = await takeCheckpoint(directory, name, deps);
        return checkpoint;
      }),
    restore: (directory, names) => orRefusal(() => restoreCheckpoint(directory, names, deps)),
    merge: (directory, order) => orRefusal(() => mergeInto(directory, order, deps)),
    compare: (directory, names) => orRefusal(() => compareCheckpoints(directory, names, deps)),
    makeWorktree: (order) =>
      orRefusal(async () => {
        await deps.checkTop((await findRepository(git, order.directory)).top);
        return makeWorktree(order, deps);
      }),
    removeWorktree: (target, as) =>
      orRefusal(async () => {
        await removeWorktree(target, as, deps);
        return "removed" as const;
      }),
    forget: (directory, session) =>
      orRefusal(async () => {
        const { top } = await findRepository(git, directory);
        await prune(git, top, session, 0);
        return "forgotten" as const;
      }),
  };
}
