import { SkeinError } from "@skein/protocol";
import { SESSION_FILE, turnEndKey } from "@skein/sessions";
import { cutAtRow } from "@skein/sessions/node";
import type { AgentAdapter, NativeFiles } from "../adapter.ts";
import type { Clock } from "../clock.ts";
import { uuidOf } from "./ids.ts";
import type { Inherited } from "./inherited.ts";
import { readInherited, transcriptOf } from "./inherited.ts";
import { fetchPictures } from "./kept-pictures.ts";
import { nativeState } from "./native-mirror.ts";
import { noteRestored, stageNative } from "./native-restore.ts";
import { cancelledRow } from "./pending.ts";
import type { ReadBlob } from "./prompt-input.ts";
import type { CoderPass } from "./state.ts";

/**
 * Gives a fork's agent the history that the fork begins with, once. Of the same agent: the native records, cut where
 * the transcript was cut, as a session of their own. Of another, or where the records do not reach that far: the
 * transcript, written down. The `handoff` row says which, and is what says that it is done: until then it is done
 * again, to the same file.
 */
export interface ForkDeps {
  readonly clock: Clock;
  readonly owner: string;
  readonly adapterOf: (agent: string) => AgentAdapter;
  readonly readBlob?: ReadBlob | undefined;
}

type Outcome = { readonly kept: Readonly<Record<string, number>>; readonly dropped: Readonly<Record<string, number>> };

export async function takeUpFork(pass: CoderPass, deps: ForkDeps): Promise<void> {
  const { ctx, session } = pass;
  const { transcript } = session.collections;
  const key = `handoff:${uuidOf("fork", ctx.url, String(ctx.entity.createdAt))}`;
  if (ctx.entity.forkedFrom === undefined || transcript.has(key)) return;
  const adapter = deps.adapterOf(ctx.args.agent);
  const inherited = await readInherited(session);
  const from = pass.inheritedAgent ?? ctx.args.agent;
  const now = deps.clock.now();
  closeOpen(pass, inherited, now);
  try {
    const { kept, dropped } = await handOver(pass, deps, { adapter, inherited, from });
    const payload = { v: 1, type: "handoff", from, to: adapter.agent, kept, dropped } as const;
    transcript.insert({ key, ts: now, type: payload.type, payload });
  } catch (error) {
    ctx.signal.throwIfAborted();
    if (error instanceof SkeinError && error.code === "fenced") throw error;
    const reason = error instanceof Error ? error.message : "unknown";
    ctx.log("warn", `The fork's history could not be given to the agent: ${reason}`);
    const message = `The agent does not know the history of this fork. What follows begins without it. ${reason}`;
    const payload = { v: 1, type: "error", code: "import_failed", message } as const;
    transcript.insert({ key, ts: now, type: payload.type, payload });
  }
  await ctx.flush();
}

/** A turn that runs goes on in the original; here it ends where it was cut. */
function closeOpen({ session }: CoderPass, { openTurn, openRequests }: Inherited, now: number): void {
  const { transcript } = session.collections;
  for (const request of openRequests) {
    const row = cancelledRow(request, now);
    if (!transcript.has(row.key)) transcript.insert(row);
  }
  if (openTurn === undefined || transcript.has(turnEndKey(openTurn.key))) return;
  const payload = { v: 1, type: "turn_aborted", reason: "forked: the turn went on in the original" } as const;
  const of = openTurn.promptId === undefined ? {} : { promptId: openTurn.promptId };
  transcript.insert({ key: turnEndKey(openTurn.key), ts: now, type: payload.type, ...of, payload });
}

interface Source {
  readonly adapter: AgentAdapter;
  readonly inherited: Inherited;
  /** Whose history it is. */
  readonly from: string;
}

async function handOver(pass: CoderPass, deps: ForkDeps, source: Source): Promise<Outcome> {
  const { adapter, inherited, from } = source;
  if (inherited.rows === 0) return { kept: {}, dropped: {} };
  const { nativeFiles: files } = adapter;
  const same = from === adapter.agent && files !== undefined ? await takeNative(pass, deps, source, files) : undefined;
  return same ?? writeDown(pass, deps, source);
}

/** The native records up to where the transcript was cut; `undefined` when they do not reach that far. */
async function takeNative(
  pass: CoderPass,
  deps: ForkDeps,
  { adapter, inherited }: Source,
  files: NativeFiles,
): Promise<Outcome | undefined> {
  const { ctx, session, native } = pass;
  const { transcript } = session.collections;
  const stage = await stageNative(pass);
  try {
    const path = stage.path();
    if (path === undefined) return undefined;
    const kept = { has: (key: string) => transcript.has(key), lastKey: inherited.lastKey };
    const cut = await cutAtRow(path, files.createNormaliser(), kept);
    if (!cut.complete || cut.lines === 0) return undefined;
    await stage.cut(cut.offset);
    const target = { id: native.id, cwd: pass.cwd, createdAt: ctx.entity.createdAt, signal: ctx.signal };
    await files.place({ path, threads: stage.threads() }, target);
    const { records } = await nativeState(pass);
    records.upsert({ kind: "cut", key: `cut@fork:${ctx.id}`, file: SESSION_FILE, offset: cut.offset });
    const { owner } = deps;
    await noteRestored(pass, { sessions: adapter.sessions, owner }, { path, known: { bytes: cut.offset } });
    return { kept: { records: cut.lines }, dropped: {} };
  } finally {
    await stage.remove();
  }
}

/** The transcript as a session of the agent's own. */
async function writeDown(pass: CoderPass, { readBlob }: ForkDeps, { adapter }: Source): Promise<Outcome> {
  const { ctx, session, native } = pass;
  const { importer, sessions } = adapter;
  if (importer === undefined) throw new Error(`${adapter.agent} takes no history from elsewhere.`);
  const rows = [];
  for await (const row of transcriptOf(session)) rows.push(row);
  const title = session.collections.sessionInfo.get("current")?.title;
  const target = { id: native.id, cwd: pass.cwd, createdAt: ctx.entity.createdAt, signal: ctx.signal };
  const bytesOf = await fetchPictures(rows, pass.sessionId, readBlob);
  const { kept, dropped, lines } = await importer.write(rows, { ...target, title, bytesOf });
  const { records } = await nativeState(pass);
  records.upsert({ kind: "begin", key: `begin:${ctx.id}`, agent: adapter.agent });
  const file = await sessions.find(native.id);
  if (file !== undefined) {
    const { path, sizeBytes, updatedAt } = file;
    ctx.state.mirrored.upsert({ key: "current", path, sizeBytes, updatedAt, importedLines: lines });
  }
  await ctx.flush();
  return { kept, dropped };
}
