import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { CodingSessionInfoRow } from "@skein/sessions";
import type { Checkpoints } from "../git/checkpoints.ts";
import { shownRefusal } from "../git/refusal.ts";
import { lastCheckpoint } from "./code-checkpoints.ts";
import { uuidOf } from "./ids.ts";
import type { CoderContext, SessionState } from "./state.ts";

export interface ForkDirectoryDeps {
  readonly checkpoints: Checkpoints;
  /** Where forks get working trees of their own. */
  readonly worktrees?: string | undefined;
}

/**
 * Where a fork works: as `files` says, in the origin's directory, in a working tree with the files as they were where
 * the fork was cut, or in an empty folder. Asked until the fork is set up: it may be asked again. Where there can be no
 * working tree the fork gets a place that is not there, so that no turn of it works in somebody else's files; a row
 * says why.
 */
export async function directoryOfFork(
  ctx: CoderContext,
  { session, inherited }: { readonly session: SessionState; readonly inherited: CodingSessionInfoRow },
  { checkpoints, worktrees }: ForkDirectoryDeps,
): Promise<string> {
  const { cwd, files = "share" } = ctx.args;
  if (files === "share") return cwd ?? inherited.cwd;
  if (worktrees === undefined) return without(ctx, session, "This runner has no place for working trees.");
  const target = worktreeOf(worktrees, ctx.id);
  if (files === "none") {
    await mkdir(target, { recursive: true });
    return target;
  }
  const last = lastCheckpoint({ session });
  if (last === undefined) return without(ctx, session, "There is no checkpoint of the files from before the fork.");
  const { directory, session: of, turn, edge } = last;
  const as = firstCheckpointOf(ctx.id);
  const made = await checkpoints.makeWorktree({ directory, from: { session: of, turn, edge }, as, target });
  return "kind" in made ? without(ctx, session, shownRefusal(made)) : made.directory;
}

/** What a working tree began as, by which it is known later whether anything was done in it. */
export function firstCheckpointOf(session: string) {
  return { session, turn: "fork", edge: "start" } as const;
}

export function worktreeOf(worktrees: string, session: string): string {
  return join(worktrees, session);
}

function without(ctx: CoderContext, session: SessionState, reason: string): string {
  const key = `worktree:${uuidOf("worktree", ctx.url, String(ctx.entity.createdAt))}`;
  const message = `This fork has no files of its own, so it cannot work. Fork again, with the directory shared. ${reason}`;
  const payload = { v: 1, type: "error", code: "worktree_failed", message } as const;
  const { transcript } = session.collections;
  if (!transcript.has(key)) transcript.insert({ key, ts: ctx.entity.createdAt, type: payload.type, payload });
  return `/nowhere/${ctx.id}`;
}
