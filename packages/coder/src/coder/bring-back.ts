import { db } from "@skein/runtime";
import { SkeinError } from "@skein/protocol";
import { codingSessionResourceId, codingSessionResourceSchema, compareSessions, summariseSide } from "@skein/sessions";
import type { CodingSessionTranscriptRow } from "@skein/sessions";
import { shownRefusal } from "../git/refusal.ts";
import { checkDirectory } from "./admission.ts";
import { lastCheckpoint, writeCheckpoint } from "./code-checkpoints.ts";
import { firstCheckpointOf } from "./fork-directory.ts";
import { transcriptOf } from "./inherited.ts";
import type { BringBackOrder } from "./queue.ts";
import type { RewindDeps } from "./rewind.ts";
import { moveCursor, promptIdOf } from "./state.ts";
import type { CoderPass, SessionState } from "./state.ts";

/**
 * Brings back what a fork did: its changes of the files, merged into this session's directory, or a summary. A row
 * tells of it; before the files are changed they are kept under that row, by which a rewind undoes it.
 */
export async function runBringBack(pass: CoderPass, order: BringBackOrder, deps: RewindDeps): Promise<void> {
  const { ctx, session } = pass;
  const { transcript } = session.collections;
  const key = promptIdOf(ctx, order.key);
  if (!transcript.has(key)) {
    const told = await perform(pass, key, order, deps);
    const row = { key, ts: deps.clock.now(), promptId: order.key, actor: order.actor };
    transcript.insert({ ...row, type: told.type, payload: told });
  }
  moveCursor(ctx, order);
  await ctx.flush();
}

type Told = CodingSessionTranscriptRow["payload"];

async function perform(pass: CoderPass, key: string, order: BringBackOrder, deps: RewindDeps): Promise<Told> {
  const source = db(codingSessionResourceId(order.session), codingSessionResourceSchema);
  let fork: SessionState;
  try {
    fork = await pass.ctx.observe(source, { load: { transcript: "none" } });
  } catch (error) {
    if (!(error instanceof SkeinError) || error.code === "fenced") throw error;
    return refused(error.message);
  }
  const name = `The fork “${fork.collections.sessionInfo.get("current")?.title ?? order.session}”`;
  return order.what === "files"
    ? bringFiles(pass, { key, fork, name, session: order.session }, deps)
    : bringSummary(pass, fork, name);
}

async function bringSummary({ session, cwd }: CoderPass, fork: SessionState, name: string): Promise<Told> {
  const [own, theirs] = [await rowsOf(session), await rowsOf(fork)];
  const there = fork.collections.sessionInfo.get("current")?.cwd;
  const roots = { a: cwd, ...(there === undefined ? {} : { b: there }) };
  const { b } = compareSessions(own, theirs, { roots });
  return { v: 1, type: "notice", kind: "bring_back", text: summariseSide(name, b) };
}

async function rowsOf(session: SessionState): Promise<CodingSessionTranscriptRow[]> {
  const rows: CodingSessionTranscriptRow[] = [];
  for await (const row of transcriptOf(session)) rows.push(row);
  return rows;
}

interface Fork {
  /** Of the row that tells of it. */
  readonly key: string;
  readonly fork: SessionState;
  readonly name: string;
  readonly session: string;
}

async function bringFiles(pass: CoderPass, { key, fork, name, session }: Fork, deps: RewindDeps): Promise<Told> {
  const last = lastCheckpoint({ session: fork });
  if (last === undefined || last.session !== session) return refused(`${name} has done nothing to files yet.`);
  const directory = await checkDirectory(pass.cwd, deps.directories).catch((error: unknown) => {
    if (error instanceof SkeinError) return error;
    throw error;
  });
  if (typeof directory !== "string") return refused(directory.message);
  const { turn, edge } = last;
  const undo = { session: pass.sessionId, turn: key, edge: "start" } as const;
  const theirs = { session, turn, edge };
  const done = await deps.checkpoints.merge(directory, { base: firstCheckpointOf(session), theirs, undo });
  if ("kind" in done) return refused(shownRefusal(done));
  const { commit, head, branch } = done.undo;
  const checkedOut = { ...(head === undefined ? {} : { head }), ...(branch === undefined ? {} : { branch }) };
  writeCheckpoint(pass, { turn: key, edge: "start" }, { commit, ...checkedOut }, deps);
  const counts = `${String(done.written)} written, ${String(done.removed)} removed`;
  return {
    v: 1,
    type: "notice",
    kind: "bring_back",
    text: `${name}: its changes of the files are here now (${counts}).`,
  };
}

function refused(why: string): Told {
  return { v: 1, type: "error", code: "bring_back_refused", message: `Nothing was brought back. ${why}` };
}
