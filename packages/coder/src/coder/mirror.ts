import type { Blob, NativeTranscriptRow } from "@skein/sessions";
import type { NativeSession, NativeSessions } from "../adapter.ts";
import { createBlobKeeper } from "./blob-keeper.ts";
import type { CoderPass, MirroredRow } from "./state.ts";
import { titleOf } from "./title.ts";

/**
 * Brings into the transcript what the agent's own file has and the transcript has not: all of it when a coder attaches,
 * the rest when a crash or a terminal came between. A row that is there is left alone, so it may be done again and may
 * stop half-way.
 */
export interface MirrorOptions {
  /** Reads it though nobody but us seems to have written to it. */
  readonly evenIfKnown?: boolean;
  /** A file that was written to later may still be written to: a turn that does not say it is over goes on. */
  readonly quietSince?: number;
  /** A row that is not to be brought in. */
  readonly except?: (row: NativeTranscriptRow) => boolean;
  /** The turn that the new rows belong to, if one is known. */
  readonly turn?: { readonly runId?: string; readonly promptId?: string };
}

export async function mirror(pass: CoderPass, sessions: NativeSessions, options: MirrorOptions = {}): Promise<number> {
  const { ctx, session, native } = pass;
  const file = await sessions.find(native.id);
  if (file === undefined) return 0;
  const growing = options.quietSince !== undefined && file.updatedAt > options.quietSince;
  const before = ctx.state.mirrored.get("current");
  const isSettledNow = before?.growing === true && !growing;
  if (options.evenIfKnown !== true && !isSettledNow && isKnown(file, before)) return 0;
  const { transcript, sessionInfo } = session.collections;
  const blobs = createBlobKeeper({ put: (blob) => session.blob(blob), log: ctx.log });
  const imported = importedIn(ctx);
  const loading = { onBlob: (blob: Blob) => blobs.add(blob), afterLine: imported.importedLines, growing };
  let added = 0;
  let title: Title | undefined;
  for await (const rows of sessions.load(file, ctx.signal, loading)) {
    const fresh = rows.filter((row) => !transcript.has(row.key) && options.except?.(row) !== true);
    await blobs.keep(fresh);
    for (const row of fresh) if (!transcript.has(row.key)) transcript.insert({ ...row, ...options.turn });
    for (const row of rows) title = betterTitle(title, row);
    added += fresh.length;
    if (fresh.length > 0) await ctx.flush();
  }
  if (title !== undefined && sessionInfo.get("current")?.title === undefined) giveTitle(pass, title.text);
  const { path, sizeBytes, updatedAt } = file;
  const stillOpen = growing ? { growing } : {};
  ctx.state.mirrored.upsert({ key: "current", path, sizeBytes, updatedAt, ...stillOpen, ...imported });
  await ctx.flush();
  return added;
}

/**
 * After a turn that was seen live: its records need not be read again, nor what the agent writes until then. Written
 * with the next flush.
 */
export async function skipOwnTurn({ ctx, native }: CoderPass, sessions: NativeSessions, until: number): Promise<void> {
  const file = await sessions.find(native.id);
  if (file === undefined) return;
  const { path, sizeBytes, updatedAt } = file;
  ctx.state.mirrored.upsert({
    key: "current",
    path,
    sizeBytes,
    updatedAt,
    ownUntil: until,
    ...importedIn(ctx),
  });
}

function importedIn({ state }: CoderPass["ctx"]): Pick<MirroredRow, "importedLines"> {
  const importedLines = state.mirrored.get("current")?.importedLines;
  return importedLines === undefined ? {} : { importedLines };
}

function isKnown({ path, sizeBytes, updatedAt }: NativeSession, known: MirroredRow | undefined): boolean {
  if (known?.path !== path) return false;
  if (known.ownUntil !== undefined && updatedAt <= known.ownUntil) return true;
  return known.sizeBytes === sizeBytes && known.updatedAt === updatedAt;
}

export interface Title {
  readonly text: string;
  readonly rank: number;
}

/** The last title that the agent or a person gave, else what the session began with. */
export function betterTitle(
  best: Title | undefined,
  { payload, parentCallId }: NativeTranscriptRow,
): Title | undefined {
  if (payload.type === "title") return { text: payload.title, rank: 2 };
  const isPrompt = payload.type === "user_message" && parentCallId === undefined;
  return best === undefined && isPrompt ? { text: payload.text, rank: 1 } : best;
}

/** A session's title until it gets a better one: the first line of what it began with. */
export function giveTitle({ ctx, session }: CoderPass, text: string): void {
  const title = titleOf(text);
  if (title === undefined) return;
  session.collections.sessionInfo.update("current", (row) => ({ ...row, title }));
  if (ctx.tags["title"] === undefined) ctx.setTag("title", title);
}
