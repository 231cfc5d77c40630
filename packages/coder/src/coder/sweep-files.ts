import { readdir } from "node:fs/promises";
import type { Entity } from "@skein/protocol";
import { coderArgs } from "@skein/sessions";
import type { Clock } from "../clock.ts";
import type { Checkpoints } from "../git/checkpoints.ts";
import { firstCheckpointOf, worktreeOf } from "./fork-directory.ts";

/**
 * Removes the working trees of forks whose coders have ended and in which nothing was done. Others are a person's to
 * remove: what was done there is nowhere else. And forgets the checkpoints of sessions that were deleted. Answers with
 * what stops it, once it is through with the one it looks at.
 */
export function sweepFiles(deps: {
  readonly clock: Clock;
  /** Where the working trees are, if there are any. */
  readonly worktrees: string | undefined;
  /** Absent: nobody can tell, and checkpoints stay. */
  readonly sessionExists: ((session: string) => Promise<boolean>) | undefined;
  readonly checkpoints: Checkpoints;
  readonly listCoders: () => Promise<readonly Pick<Entity, "id" | "args" | "status">[]>;
  readonly everyMs?: number;
}): () => Promise<void> {
  const { clock, worktrees, checkpoints, sessionExists, everyMs = 60 * 60_000 } = deps;
  const forgotten = new Set<string>();
  let cancel = (): void => {};
  let stopped = false;
  let sweeping = Promise.resolve();

  async function sweep(): Promise<void> {
    const ended = (await deps.listCoders()).flatMap(endedCoder);
    if (worktrees !== undefined) await removeTrees(worktrees, ended);
    for (const { session, cwd } of ended) {
      if (stopped || sessionExists === undefined) return;
      if (cwd === undefined || forgotten.has(session) || (await sessionExists(session))) continue;
      await checkpoints.forget(cwd, session).catch(() => undefined);
      forgotten.add(session);
    }
  }

  async function removeTrees(folder: string, ended: readonly Ended[]): Promise<void> {
    const there = new Set(await readdir(folder).catch(() => []));
    for (const { id } of ended.filter((coder) => coder.hasTree && there.has(coder.id))) {
      if (stopped) return;
      // Refused where something was done; where git fails it is looked at again the next time.
      await checkpoints.removeWorktree(worktreeOf(folder, id), firstCheckpointOf(id)).catch(() => undefined);
    }
  }

  function run(): void {
    if (stopped) return;
    const again = (): void => {
      if (!stopped) cancel = clock.after(everyMs, run);
    };
    // A server that cannot be reached is asked again the next time.
    sweeping = sweep().then(again, again);
  }

  run();
  return () => {
    stopped = true;
    cancel();
    return sweeping;
  };
}

interface Ended {
  readonly id: string;
  readonly session: string;
  readonly cwd: string | undefined;
  readonly hasTree: boolean;
}

function endedCoder({ id, args, status }: Pick<Entity, "id" | "args" | "status">): Ended[] {
  const parsed = coderArgs.safeParse(args ?? {});
  if (status !== "killed" || !parsed.success) return [];
  const { resource, cwd, files } = parsed.data;
  return [{ id, session: resource ?? id, cwd, hasTree: files === "worktree" }];
}
