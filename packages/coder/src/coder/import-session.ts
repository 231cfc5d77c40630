import { SkeinError } from "@skein/protocol";
import type { Blob, NativeTranscriptRow } from "@skein/sessions";
import type { AgentAdapter, ImportTarget, NativeImporter, NativeSession, NativeSessions } from "../adapter.ts";
import type { Clock } from "../clock.ts";
import { createBlobKeeper } from "./blob-keeper.ts";
import { uuidOf } from "./ids.ts";
import { betterTitle, giveTitle, mirror, type Title } from "./mirror.ts";
import type { CoderPass } from "./state.ts";

/**
 * Brings another session in, once: into the transcript as it was, and to the agent as a session of its own. A row says
 * what the agent got. Nothing of the history is carried out again. It may stop half-way: the same is done again, to
 * the same rows and the same file, until the row is there.
 */
export interface ImportDeps {
  readonly clock: Clock;
  readonly adapterOf: (agent: string) => AgentAdapter;
  readonly sourceOf: (agent: string) => NativeSessions;
}

/** Bytes of pictures that are held for the agent while it is written. */
const MAX_PICTURES = 32 * 1024 * 1024;

export async function importSession(pass: CoderPass, deps: ImportDeps): Promise<void> {
  const { ctx, session, native } = pass;
  const { agent, importFrom } = ctx.args;
  // Of the coder, not of the agent's session: some agents choose that id themselves, later.
  const key = `handoff:${uuidOf("handoff", ctx.url, String(ctx.entity.createdAt))}`;
  const { transcript } = session.collections;
  if (importFrom === undefined || transcript.has(key)) return;
  const adapter = deps.adapterOf(agent);
  const sessions = deps.sourceOf(importFrom.agent);
  const now = deps.clock.now();
  try {
    const source = await sessions.find(importFrom.sessionId);
    if (source === undefined || adapter.importer === undefined) {
      throw new SkeinError("session_not_found", `The session ${importFrom.sessionId} is not on this machine any more.`);
    }
    const target = { id: native.id, cwd: pass.cwd, createdAt: ctx.entity.createdAt, signal: ctx.signal };
    const from = { source, sessions, importer: adapter.importer, target };
    const { kept, dropped } =
      importFrom.agent === agent ? await copyIn(pass, adapter, from) : await writeDown(pass, adapter, from);
    const payload = { v: 1, type: "handoff", from: importFrom.agent, to: agent, kept, dropped } as const;
    transcript.insert({ key, ts: now, type: payload.type, payload });
  } catch (error) {
    ctx.signal.throwIfAborted();
    if (error instanceof SkeinError && error.code === "fenced") throw error;
    const reason = error instanceof Error ? error.message : "unknown";
    ctx.log("warn", `The import failed: ${reason}`);
    const message = `The session could not be imported. What follows begins without it. ${reason}`;
    const payload = { v: 1, type: "error", code: "import_failed", message } as const;
    transcript.insert({ key, ts: now, type: payload.type, payload });
  }
  await ctx.flush();
}

interface From {
  readonly source: NativeSession;
  readonly sessions: NativeSessions;
  readonly importer: NativeImporter;
  readonly target: ImportTarget;
}

type Outcome = { readonly kept: Readonly<Record<string, number>>; readonly dropped: Readonly<Record<string, number>> };

/** Of the same agent: the copy is its own history, and read as one that is attached. */
async function copyIn(pass: CoderPass, adapter: AgentAdapter, { source, importer, target }: From): Promise<Outcome> {
  await importer.copy(source, target);
  await mirror(pass, adapter.sessions, { evenIfKnown: true });
  return { kept: { rows: pass.session.collections.transcript.size }, dropped: {} };
}

/** Of another agent: the transcript keeps its rows, and the agent gets what it can take of them. */
async function writeDown(pass: CoderPass, adapter: AgentAdapter, from: From): Promise<Outcome> {
  const { ctx, session } = pass;
  const { rows, title, pictures } = await readIn(pass, from);
  if (title !== undefined && session.collections.sessionInfo.get("current")?.title === undefined) {
    giveTitle(pass, title.text);
  }
  const bytesOf = (sha256: string): Uint8Array | undefined => pictures.get(sha256);
  const { kept, dropped, lines } = await from.importer.write(rows, { ...from.target, title: title?.text, bytesOf });
  const file = await adapter.sessions.find(from.target.id);
  if (file !== undefined) {
    const { path, sizeBytes, updatedAt } = file;
    ctx.state.mirrored.upsert({ key: "current", path, sizeBytes, updatedAt, importedLines: lines });
  }
  return { kept, dropped };
}

async function readIn(
  { ctx, session }: CoderPass,
  { source, sessions }: From,
): Promise<{ rows: NativeTranscriptRow[]; title: Title | undefined; pictures: Map<string, Uint8Array> }> {
  const { transcript } = session.collections;
  const keeper = createBlobKeeper({ put: (blob) => session.blob(blob), log: ctx.log });
  const pictures = new Map<string, Uint8Array>();
  let held = 0;
  const onBlob = (blob: Blob): void => {
    keeper.add(blob);
    if (!blob.mime.startsWith("image/") || held + blob.size > MAX_PICTURES) return;
    pictures.set(blob.sha256, blob.bytes);
    held += blob.size;
  };
  const rows: NativeTranscriptRow[] = [];
  let title: Title | undefined;
  for await (const batch of sessions.load(source, ctx.signal, { onBlob })) {
    await keeper.keep(batch);
    for (const row of batch) {
      rows.push(row);
      title = betterTitle(title, row);
      if (!transcript.has(row.key)) transcript.insert(row);
    }
    await ctx.flush();
  }
  return { rows, title, pictures };
}
