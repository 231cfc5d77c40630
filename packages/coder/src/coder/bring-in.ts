import { SkeinError } from "@skein/protocol";
import type { AgentAdapter } from "../adapter.ts";
import type { Clock } from "../clock.ts";
import { takeoversOf } from "./driver-lease.ts";
import { uuidOf } from "./ids.ts";
import { transcriptOf } from "./inherited.ts";
import { nativeState } from "./native-mirror.ts";
import { noteNativeId } from "./state.ts";
import type { CoderPass } from "./state.ts";

export interface BringInDeps {
  readonly clock: Clock;
  readonly owner: string;
  readonly adapterOf: (agent: string) => AgentAdapter;
}

/**
 * Gives this coder's agent what others did while it did not drive: the whole history, written down as a session of its
 * own under a new id, which follows from the take-over, so that doing it again is doing the same. The `handoff` row
 * says what the agent got of it. Called with the lease, before anything is run.
 */
export async function bringIn(pass: CoderPass, deps: BringInDeps): Promise<void> {
  const { ctx, session } = pass;
  const { transcript, sessionInfo } = session.collections;
  const adapter = deps.adapterOf(ctx.args.agent);
  const takeovers = takeoversOf(pass);
  const name = uuidOf("session", deps.owner, ctx.url, String(ctx.entity.createdAt), `takeover ${String(takeovers)}`);
  const key = `handoff:${name}`;
  const from = sessionInfo.get("current")?.agent ?? adapter.agent;
  const now = deps.clock.now();
  try {
    const { kept, dropped } = await writeDown(pass, adapter, name);
    const payload = { v: 1, type: "handoff", from, to: adapter.agent, kept, dropped } as const;
    if (!transcript.has(key)) transcript.insert({ key, ts: now, type: payload.type, payload });
  } catch (error) {
    ctx.signal.throwIfAborted();
    if (error instanceof SkeinError && (error.code === "fenced" || error.code === "session_in_use")) throw error;
    const reason = error instanceof Error ? error.message : "unknown";
    ctx.log("warn", `What others did could not be given to the agent: ${reason}`);
    const message = `The agent does not know what others did in this session. ${reason}`;
    const payload = { v: 1, type: "error", code: "import_failed", message } as const;
    if (!transcript.has(key)) transcript.insert({ key, ts: now, type: payload.type, payload });
  }
  noteDriver(pass);
  ctx.state.synced.upsert({ key: "current", takeovers });
  await ctx.flush();
}

async function writeDown(pass: CoderPass, adapter: AgentAdapter, id: string) {
  const { ctx, session } = pass;
  const { importer, sessions } = adapter;
  if (importer === undefined) throw new Error(`${adapter.agent} takes no history from elsewhere.`);
  const rows = [];
  for await (const row of transcriptOf(session)) rows.push(row);
  const title = session.collections.sessionInfo.get("current")?.title;
  const target = { id, cwd: pass.cwd, createdAt: ctx.entity.createdAt, signal: ctx.signal };
  const { kept, dropped, lines } = await importer.write(rows, { ...target, title, bytesOf: () => undefined });
  noteNativeId(pass, id);
  const { records } = await nativeState(pass);
  // What is on the native stream from here on is of this file, and from its beginning.
  records.upsert({ kind: "begin", key: `begin:${ctx.id}:${id}`, agent: adapter.agent });
  const copied = [...ctx.state.nativeFiles].map(({ key }) => key);
  for (const key of copied) ctx.state.nativeFiles.delete(key);
  const file = await sessions.find(id);
  if (file !== undefined) {
    const { path, sizeBytes, updatedAt } = file;
    ctx.state.mirrored.upsert({ key: "current", path, sizeBytes, updatedAt, importedLines: lines });
  }
  return { kept, dropped };
}

/** The session says whose it is now. Its directory stays: a coder that was told another one has that for itself. */
function noteDriver({ ctx, session, native }: CoderPass): void {
  const { agent, model, permissionMode } = ctx.args;
  const { sessionInfo } = session.collections;
  if (!sessionInfo.has("current")) return;
  sessionInfo.update("current", (row) => {
    const { model: _, ...rest } = row;
    const own = model === undefined ? {} : { model };
    return { ...rest, ...own, agent, permissionMode, nativeSessionId: native.id };
  });
}
