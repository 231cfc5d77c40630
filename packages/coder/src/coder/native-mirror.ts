import { createHash } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { isUtf8 } from "node:buffer";
import { nativeStateId, nativeStreamSchema, SESSION_FILE } from "@skein/sessions";
import { fileRuns } from "@skein/sessions/node";
import type { NativeFile } from "@skein/sessions/node";
import type { SharedState } from "@skein/runtime";
import type { NativeFiles, NativeSession, NativeSessions } from "../adapter.ts";
import type { CoderPass } from "./state.ts";

/**
 * Copies the agent's own files of the session, byte by byte as they grow, to the session's native stream: what another
 * machine needs to go on. How much of a file is there is in the coder's state and moves in the commit of the bytes.
 */
export interface NativeMirror {
  /** Writes what is new; it goes with the next commit, and what is much in commits of its own. */
  advance(options?: { readonly quick?: boolean }): Promise<void>;
}

export interface NativeMirrorDeps {
  readonly sessions: NativeSessions;
  /** Absent: the agent's sessions stay on its machine. */
  readonly files: NativeFiles | undefined;
  /** Which machine's files these are. */
  readonly owner: string;
}

export type NativeState = SharedState<typeof nativeStreamSchema>;

const COMMIT_BYTES = 1024 * 1024;
/** Notes of an agent about an agent; one that is larger is none. */
const MAX_REWRITTEN = 256 * 1024;

export function nativeState({ ctx, sessionId }: CoderPass): Promise<NativeState> {
  // Nothing of it is held: it is as large as the agent's files are.
  return ctx.mkdb(nativeStateId(sessionId), nativeStreamSchema, { load: "none" });
}

export function createNativeMirror(pass: CoderPass, deps: NativeMirrorDeps): NativeMirror {
  const { ctx } = pass;
  let opened: Promise<NativeState> | undefined;
  let last: Promise<void> = Promise.resolve();
  let unflushed = 0;

  /** A failure to open it is not remembered: the server may have been away for a moment. */
  const open = (): Promise<NativeState> => {
    opened ??= nativeState(pass).catch((error: unknown) => {
      opened = undefined;
      throw error;
    });
    return opened;
  };

  async function write(file: NativeFile, offset: number, bytes: Uint8Array): Promise<void> {
    const { records } = await open();
    const content = isUtf8(bytes)
      ? { text: Buffer.from(bytes).toString("utf8") }
      : { base64: Buffer.from(bytes).toString("base64") };
    records.upsert({ kind: "bytes", key: `${file.name}@${String(offset)}`, file: file.name, offset, ...content });
    unflushed += bytes.length;
  }

  async function noteAndFlush(file: NativeFile, row: { bytes: number; shift?: number; hash?: string }): Promise<void> {
    ctx.state.nativeFiles.upsert({ key: file.name, path: file.path, owner: deps.owner, ...row });
    if (unflushed < COMMIT_BYTES) return;
    unflushed = 0;
    await ctx.flush();
  }

  async function copy(file: NativeFile): Promise<void> {
    const known = ctx.state.nativeFiles.get(file.name);
    const shift = known?.shift ?? 0;
    let bytes = known?.bytes ?? 0;
    const size = await sizeOf(file.path);
    if (size < bytes + shift) {
      if (file.name !== SESSION_FILE) return;
      // Another file has taken its place, as when a session was taken back: it is copied from its beginning.
      const key = `cut@${String(ctx.generation)}:${String(bytes)}`;
      (await open()).records.upsert({ kind: "cut", key, file: file.name, offset: 0 });
      bytes = 0;
      return copyFrom(file, 0, 0);
    }
    if (size > bytes + shift) await copyFrom(file, bytes, shift);
  }

  async function copyFrom(file: NativeFile, from: number, shift: number): Promise<void> {
    for await (const run of fileRuns(file.path, from + shift)) {
      ctx.signal.throwIfAborted();
      const offset = run.offset - shift;
      await write(file, offset, run.bytes);
      await noteAndFlush(file, { bytes: offset + run.bytes.length, ...(shift === 0 ? {} : { shift }) });
    }
  }

  async function copyWhole(file: NativeFile): Promise<void> {
    const size = await sizeOf(file.path);
    if (size === 0 || size > MAX_REWRITTEN) return;
    const bytes = await readFile(file.path);
    const hash = createHash("sha256").update(bytes).digest("hex").slice(0, 16);
    if (ctx.state.nativeFiles.get(file.name)?.hash === hash) return;
    (await open()).records.upsert({ kind: "cut", key: `cut@${file.name}:${hash}`, file: file.name, offset: 0 });
    await write(file, 0, bytes);
    await noteAndFlush(file, { bytes: bytes.length, hash });
  }

  async function copyAll(quick: boolean): Promise<void> {
    if (deps.files === undefined) return;
    const session = await findSession(pass, deps, quick);
    if (session === undefined) return;
    for (const file of await deps.files.list(session)) await (file.rewritten ? copyWhole(file) : copy(file));
  }

  return {
    advance({ quick = false } = {}) {
      const next = last.then(() => copyAll(quick));
      last = next.catch(() => undefined);
      return next;
    },
  };
}

/** Looking a session up may mean looking through all sessions: while one runs, its file stays where it is. */
export async function findSession(
  { ctx, native }: CoderPass,
  { sessions, owner }: Pick<NativeMirrorDeps, "sessions" | "owner">,
  quick: boolean,
): Promise<NativeSession | undefined> {
  const known = ctx.state.nativeFiles.get(SESSION_FILE);
  if (!quick || known?.owner !== owner || !known.path.includes(native.id)) return sessions.find(native.id);
  const found = await stat(known.path).catch(() => undefined);
  if (found === undefined) return sessions.find(native.id);
  return { id: native.id, path: known.path, updatedAt: found.mtimeMs, sizeBytes: found.size };
}

async function sizeOf(path: string): Promise<number> {
  return (await stat(path).catch(() => undefined))?.size ?? 0;
}
