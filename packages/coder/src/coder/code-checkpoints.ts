import { checkpointKey } from "@skein/sessions";
import type { CodingSessionCheckpointRow } from "@skein/sessions";
import type { Checkpoints } from "../git/checkpoints.ts";
import { KEEP_TURNS } from "../git/checkpoints.ts";
import type { GitRefusal } from "../git/refusal.ts";
import type { Clock } from "../clock.ts";
import type { CoderPass } from "./state.ts";

/** The files at the edges of turns, as rows beside the transcript. Written with the next flush. */
export interface CodeCheckpointDeps {
  readonly clock: Clock;
  readonly checkpoints: Checkpoints;
  readonly machine?: string | undefined;
}

type Edge = CodingSessionCheckpointRow["edge"];

/** Where there is nothing to keep there is nothing to tell either. */
const SILENT: ReadonlySet<GitRefusal["reason"]> = new Set(["no_git", "no_repository"]);

/** Takes one. A turn is not held up by files that cannot be kept: the row says why not. */
export async function noteCheckpoint(
  pass: CoderPass,
  at: { readonly turn: string; readonly edge: Edge },
  deps: CodeCheckpointDeps,
): Promise<void> {
  const { ctx, sessionId, cwd } = pass;
  if (ctx.signal.aborted) return;
  const made = await deps.checkpoints.take(cwd, { session: sessionId, ...at }).catch((error: unknown): GitRefusal => {
    const message = error instanceof Error ? error.message : "unknown";
    ctx.log("warn", `The files of ${cwd} could not be kept: ${message}`);
    return { kind: "refused", reason: "unreadable", message };
  });
  if ("kind" in made) {
    if (!SILENT.has(made.reason)) writeCheckpoint(pass, at, { refused: made.message.slice(0, 1000) }, deps);
    return;
  }
  const { commit, head, branch } = made;
  const checkedOut = { ...(head === undefined ? {} : { head }), ...(branch === undefined ? {} : { branch }) };
  writeCheckpoint(pass, at, { commit, ...checkedOut }, deps);
}

export function writeCheckpoint(
  { session, sessionId, cwd }: CoderPass,
  at: { readonly turn: string; readonly edge: Edge },
  made: Pick<CodingSessionCheckpointRow, "commit" | "head" | "branch" | "refused">,
  { clock, machine }: CodeCheckpointDeps,
): void {
  const { checkpoints } = session.collections;
  checkpoints.upsert({
    key: checkpointKey(at.turn, at.edge),
    ts: clock.now(),
    ...at,
    session: sessionId,
    directory: cwd,
    ...(machine === undefined ? {} : { machine }),
    ...made,
  });
  const turns = new Set([...checkpoints].map(({ turn }) => turn));
  const old = new Set([...turns].slice(0, Math.max(0, turns.size - KEEP_TURNS)));
  const gone = [...checkpoints].filter(({ turn }) => old.has(turn));
  for (const { key } of gone) checkpoints.delete(key);
}

/** The newest that was taken: of a fork that has not worked yet, the files as they were where it was cut. */
export function lastCheckpoint({ session }: Pick<CoderPass, "session">): CodingSessionCheckpointRow | undefined {
  return [...session.collections.checkpoints].filter(({ commit }) => commit !== undefined).at(-1);
}
