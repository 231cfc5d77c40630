import { appendFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { nativeRecord, NATIVE_EVENT, SESSION_FILE } from "@skein/sessions";
import type { NativeRecord } from "@skein/sessions";
import { commonPrefix, fileRuns, firstLineLength, openNativeStage } from "@skein/sessions/node";
import type { NativeStage } from "@skein/sessions/node";
import { isChangeEvent } from "@skein/runtime/client";
import type { StreamEvent } from "@skein/runtime/client";
import type { NativeFiles, NativeSession, NativeSessions } from "../adapter.ts";
import { uuidOf } from "./ids.ts";
import { findSession, nativeState } from "./native-mirror.ts";
import { noteNativeId } from "./state.ts";
import type { CoderPass, NativeFileRow } from "./state.ts";

export interface RestoreDeps {
  readonly sessions: NativeSessions;
  readonly files: NativeFiles | undefined;
  readonly owner: string;
}

/**
 * Sees to it that this machine's agent has the session as far as the native stream has it: made anew where it is
 * missing, completed where it stayed behind while the session went on elsewhere, and made under another id where
 * somebody went on differently here. Nothing that is on this machine is taken away.
 */
export async function restoreNative(pass: CoderPass, deps: RestoreDeps): Promise<"as-it-was" | "restored"> {
  const { ctx, native } = pass;
  const { files, owner } = deps;
  const known = ctx.state.nativeFiles.get(SESSION_FILE);
  if (files === undefined || known === undefined || known.bytes === 0) return "as-it-was";
  const local = await findSession(pass, deps, true);
  const isOurs = local !== undefined && known.owner === owner && local.sizeBytes >= known.bytes + (known.shift ?? 0);
  if (isOurs) return "as-it-was";
  const stage = await stageNative(pass);
  try {
    const path = stage.path();
    if (path === undefined) return "as-it-was";
    const place = async (id: string): Promise<void> => {
      const target = { id, cwd: pass.cwd, createdAt: ctx.entity.createdAt, signal: ctx.signal };
      await files.place({ path, threads: stage.threads() }, target);
      noteNativeId(pass, id);
    };
    if (local === undefined) await place(native.id);
    else if (!(await complete(path, local)))
      await place(uuidOf("native", owner, ctx.url, String(ctx.entity.createdAt), String(known.bytes)));
    await noteRestored(pass, deps, { path, known });
    await ctx.flush();
    return "restored";
  } finally {
    await stage.remove();
  }
}

/** The session's files as the native stream has them, in a folder of their own. */
export async function stageNative(pass: CoderPass): Promise<NativeStage> {
  const stage = await openNativeStage(tmpdir());
  try {
    const state = await nativeState(pass);
    for await (const { events } of state.log()) {
      pass.ctx.signal.throwIfAborted();
      await stage.apply(events.flatMap(recordIn));
    }
    return stage;
  } catch (error) {
    await stage.remove();
    throw error;
  }
}

function recordIn(event: StreamEvent): NativeRecord[] {
  if (!isChangeEvent(event) || event.type !== NATIVE_EVENT) return [];
  const parsed = nativeRecord.safeParse(event.value);
  return parsed.success ? [parsed.data] : [];
}

/** The file on this machine has all of the staged one, or gets the rest of it. False: it went on differently. */
async function complete(staged: string, local: NativeSession): Promise<boolean> {
  // The first line names the session, and is another's where a copy was made under another id.
  const [mine, theirs] = [await firstLineLength(staged), await firstLineLength(local.path)];
  const { bytes, ended } = await commonPrefix({ path: staged, from: mine }, { path: local.path, from: theirs });
  if (ended === "neither") return false;
  if (ended === "second") {
    for await (const run of fileRuns(staged, mine + bytes)) await appendFile(local.path, run.bytes);
  }
  return true;
}

/** What the agent's file has now is what the stream and the transcript have: none of it is news. */
export async function noteRestored(
  pass: CoderPass,
  { sessions, owner }: Pick<RestoreDeps, "sessions" | "owner">,
  { path, known }: { readonly path: string; readonly known: Pick<NativeFileRow, "bytes"> },
): Promise<void> {
  const { ctx } = pass;
  const local = await sessions.find(pass.native.id);
  if (local === undefined) return;
  const shift = (await firstLineLength(local.path)) - (await firstLineLength(path));
  const shifted = shift === 0 ? {} : { shift };
  ctx.state.nativeFiles.upsert({ key: SESSION_FILE, bytes: known.bytes, path: local.path, owner, ...shifted });
  if (local.sizeBytes > known.bytes + shift) return;
  const { importedLines } = ctx.state.mirrored.get("current") ?? {};
  ctx.state.mirrored.upsert({
    key: "current",
    path: local.path,
    sizeBytes: local.sizeBytes,
    updatedAt: local.updatedAt,
    ...(importedLines === undefined ? {} : { importedLines }),
  });
}
