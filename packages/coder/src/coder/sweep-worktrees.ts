import { readdir } from "node:fs/promises";
import type { Entity } from "@skein/protocol";
import { coderArgs } from "@skein/sessions";
import type { Clock } from "../clock.ts";
import type { Checkpoints } from "../git/checkpoints.ts";
import { firstCheckpointOf, worktreeOf } from "./fork-directory.ts";

/**
 * Removes the working trees of forks whose coders have ended and in which nothing was done. Others are a person's to
 * remove: what was done there is nowhere else. Answers with what stops it, once it is through with the one it looks at.
 */
export function sweepWorktrees(deps: {
  readonly clock: Clock;
  readonly worktrees: string;
  readonly checkpoints: Checkpoints;
  readonly listCoders: () => Promise<readonly Pick<Entity, "id" | "args" | "status">[]>;
  readonly everyMs?: number;
}): () => Promise<void> {
  const { clock, worktrees, checkpoints, everyMs = 60 * 60_000 } = deps;
  let cancel = (): void => {};
  let stopped = false;
  let sweeping = Promise.resolve();

  async function sweep(): Promise<void> {
    const there = await readdir(worktrees).catch(() => []);
    if (there.length === 0) return;
    const ended = new Set((await deps.listCoders()).flatMap(endedFork));
    for (const session of there) {
      if (stopped) return;
      // Refused where something was done; where git fails it is looked at again the next time.
      if (ended.has(session)) {
        await checkpoints
          .removeWorktree(worktreeOf(worktrees, session), firstCheckpointOf(session))
          .catch(() => undefined);
      }
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

function endedFork({ id, args, status }: Pick<Entity, "id" | "args" | "status">): string[] {
  const parsed = coderArgs.safeParse(args ?? {});
  return status === "killed" && parsed.success && parsed.data.files === "worktree" ? [id] : [];
}
