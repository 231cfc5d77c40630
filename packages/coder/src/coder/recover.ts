import { turnEndKey } from "@skein/sessions";
import type { NativeSessions } from "../adapter.ts";
import type { Reaper } from "../process/reaper.ts";
import { noteCheckpoint } from "./code-checkpoints.ts";
import type { CodeCheckpointDeps } from "./code-checkpoints.ts";
import { mirror } from "./mirror.ts";
import { cancelledRow } from "./pending.ts";
import { moveCursor, promptIdOf, setStatus } from "./state.ts";
import type { CoderPass } from "./state.ts";

export interface RecoverDeps extends CodeCheckpointDeps {
  readonly reaper: Reaper;
  readonly sessions: NativeSessions;
  /** Others drove the session since: the turn was closed by them, and what the agent did of it comes too late. */
  readonly behind: boolean;
}

/**
 * Closes a turn that a crash cut off. A pass never ends while a turn runs, so a status that says so is of a pass that
 * died: what it started is ended, what the agent did is brought in, and the prompt is not run again.
 */
export async function recover(pass: CoderPass, deps: RecoverDeps): Promise<void> {
  const { ctx, session, slot } = pass;
  const status = ctx.state.runStatus.get("current");
  if (status?.status !== "running" && status?.status !== "waiting") return;
  await deps.reaper.endSession(slot);
  const { currentPrompt, runId } = status;
  const promptId = currentPrompt === undefined ? undefined : promptIdOf(ctx, currentPrompt);
  const endKey = promptId === undefined ? undefined : turnEndKey(promptId);
  if (!deps.behind) {
    await mirror(pass, deps.sessions, {
      evenIfKnown: true,
      except: ({ key }) => key === endKey,
      turn: {
        ...(runId === undefined ? {} : { runId }),
        ...(currentPrompt === undefined ? {} : { promptId: currentPrompt }),
      },
    });
  }
  if (promptId !== undefined && !deps.behind) await noteCheckpoint(pass, { turn: promptId, edge: "end" }, deps);
  const now = deps.clock.now();
  const { transcript } = session.collections;
  for (const request of status.pending ?? []) {
    const row = cancelledRow(request, now);
    if (!transcript.has(row.key)) transcript.insert(row);
  }
  if (endKey !== undefined && currentPrompt !== undefined && !transcript.has(endKey)) {
    const payload = {
      v: 1,
      type: "turn_aborted",
      reason: "interrupted: the runner ended before the turn did",
    } as const;
    const run = runId === undefined ? {} : { runId };
    transcript.insert({ key: endKey, ts: now, type: payload.type, promptId: currentPrompt, ...run, payload });
  }
  const offset = currentPrompt === undefined ? undefined : ctx.db.offsetOf(currentPrompt);
  if (currentPrompt !== undefined && offset !== undefined) moveCursor(ctx, { key: currentPrompt, offset });
  setStatus(ctx, now, { status: "idle" });
  await ctx.flush();
}
