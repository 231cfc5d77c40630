import { checkpointKey } from "@skein/sessions";
import type { CodingSessionTranscriptRow } from "@skein/sessions";
import { SkeinError } from "@skein/protocol";
import { shownRefusal } from "../git/refusal.ts";
import { checkDirectory } from "./admission.ts";
import type { DirectoryRules } from "./admission.ts";
import { writeCheckpoint } from "./code-checkpoints.ts";
import type { CodeCheckpointDeps } from "./code-checkpoints.ts";
import type { RewindOrder } from "./queue.ts";
import { moveCursor, promptIdOf } from "./state.ts";
import type { CoderPass } from "./state.ts";

export interface RewindDeps extends CodeCheckpointDeps {
  readonly directories: DirectoryRules;
}

/**
 * Takes the files back to a checkpoint of this session, or of the one that it was forked from in this directory. What
 * was there is a checkpoint too, named by the row that tells of it: to it one goes back in the same way.
 */
export async function runRewind(pass: CoderPass, order: RewindOrder, deps: RewindDeps): Promise<void> {
  const { ctx, session } = pass;
  const { transcript } = session.collections;
  const key = promptIdOf(ctx, order.key);
  const told = transcript.has(key) ? undefined : await rewind(pass, key, order, deps);
  if (told !== undefined) {
    const row = { key, ts: deps.clock.now(), promptId: order.key, actor: order.actor };
    transcript.insert({ ...row, type: told.type, payload: told });
  }
  moveCursor(ctx, order);
  await ctx.flush();
}

type Told = CodingSessionTranscriptRow["payload"];

async function rewind(pass: CoderPass, key: string, order: RewindOrder, deps: RewindDeps): Promise<Told> {
  const { session, sessionId, cwd } = pass;
  const { turn, edge } = order;
  const known = session.collections.checkpoints.get(checkpointKey(turn, edge));
  if (known?.commit === undefined) return failed(known?.refused ?? "There is no checkpoint of the files then.");
  if (known.directory !== cwd)
    return failed(`The files of that turn are those of another directory: ${known.directory}`);
  const directory = await checkDirectory(cwd, deps.directories).catch((error: unknown) => {
    if (error instanceof SkeinError) return error;
    throw error;
  });
  if (typeof directory !== "string") return failed(directory.message);
  const to = { session: known.session, turn, edge };
  const undo = { session: sessionId, turn: key, edge: "start" } as const;
  const done = await deps.checkpoints.restore(directory, { to, undo });
  if ("kind" in done) return failed(shownRefusal(done));
  const { commit, head, branch } = done.undo;
  const checkedOut = { ...(head === undefined ? {} : { head }), ...(branch === undefined ? {} : { branch }) };
  writeCheckpoint(pass, { turn: key, edge: "start" }, { commit, ...checkedOut }, deps);
  const counts = `${String(done.written)} written, ${String(done.removed)} removed`;
  const text = `The files are as they were at the ${edge} of an earlier turn: ${counts}. The conversation goes on.`;
  return { v: 1, type: "notice", kind: "rewind", text };
}

function failed(why: string): Told {
  const message = `The files were not taken back, and none was changed. ${why}`;
  return { v: 1, type: "error", code: "rewind_refused", message };
}
