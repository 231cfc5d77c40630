import { z } from "zod";
import type { HandlerContext, SharedState } from "@skein/runtime";
import {
  CODER_INBOX_CURSOR_EVENT,
  CODER_RUN_STATUS_EVENT,
  coderInboxCursorRow,
  coderRunStatusRow,
  permissionMode,
} from "@skein/sessions";
import { uuidOf } from "./ids.ts";
import type { CoderArgs, CoderRunStatusRow, codingSessionResourceSchema } from "@skein/sessions";

/** How much of the agent's own file is in the transcript. */
const mirroredRow = z.object({
  key: z.literal("current"),
  path: z.string(),
  sizeBytes: z.number(),
  updatedAt: z.number(),
  /** It was read while somebody may have been in the middle of a turn. */
  growing: z.boolean().optional(),
  /** After a turn of ours: what was written until then is of that turn. */
  ownUntil: z.number().optional(),
  /** The lines that were written when the session was imported: the transcript has what they were made from. */
  importedLines: z.number().optional(),
});
export type MirroredRow = z.infer<typeof mirroredRow>;

/** The agent's own id of the session: ours to choose at first, and the agent's own choice where it makes one. */
const nativeRow = z.object({
  key: z.literal("current"),
  id: z.string().min(1).max(200),
  /** Of a fork: whose history it begins with. */
  inheritedAgent: z.string().optional(),
});

/** What was changed since the coder was made. */
const settingsRow = z.object({
  key: z.literal("current"),
  permissionMode: permissionMode.optional(),
  model: z.string().max(200).optional(),
});

/** How much of one of the agent's files is on the session's native stream. */
const nativeFileRow = z.object({
  /** The file's name there. */
  key: z.string(),
  /** Of the stream's own count; in the file they end `shift` bytes later. */
  bytes: z.number().int().nonnegative(),
  /** The first line, which names the session, is longer here by that. */
  shift: z.number().int().optional(),
  /** On the machine where it was last copied from. */
  path: z.string(),
  owner: z.string(),
  /** Of a file that is rewritten as a whole. */
  hash: z.string().optional(),
});
export type NativeFileRow = z.infer<typeof nativeFileRow>;

/** Up to which change of the driver the agent knows the session. */
const syncedRow = z.object({ key: z.literal("current"), takeovers: z.number().int().nonnegative() });

/** Says the same to others: whose session it is can be seen without reading the coder's stream. */
export const NATIVE_SESSION_TAG = "nativeSession";

/** The coder's own state, on its entity stream: what the session does not need to outlive it. */
export const coderState = {
  runStatus: { type: CODER_RUN_STATUS_EVENT, primaryKey: "key", schema: coderRunStatusRow },
  inboxCursor: { type: CODER_INBOX_CURSOR_EVENT, primaryKey: "key", schema: coderInboxCursorRow },
  mirrored: { type: "coder_mirrored", primaryKey: "key", schema: mirroredRow },
  native: { type: "coder_native", primaryKey: "key", schema: nativeRow },
  settings: { type: "coder_settings", primaryKey: "key", schema: settingsRow },
  synced: { type: "coder_synced", primaryKey: "key", schema: syncedRow },
  nativeFiles: { type: "coder_native_file", primaryKey: "key", schema: nativeFileRow },
} as const;

export type CoderContext = HandlerContext<typeof coderState, CoderArgs>;
export type SessionState = SharedState<typeof codingSessionResourceSchema>;

/** A pass of a coder's handler over its session. */
export interface CoderPass {
  readonly ctx: CoderContext;
  readonly session: SessionState;
  readonly sessionId: string;
  /** Names this coder's agent and what it starts: several may work on one session. */
  readonly slot: string;
  /** The agent's session: attached to, or ours (and then perhaps not made yet). As it is known now. */
  readonly native: { readonly kind: "resume" | "own"; readonly id: string; readonly told?: boolean };
  readonly cwd: string;
  /** Of a fork: whose history it begins with. */
  readonly inheritedAgent?: string | undefined;
}

/** `CoderPass.slot`, known without a pass. */
export function slotOf({ id, args }: { readonly id: string; readonly args: Pick<CoderArgs, "resource"> }): string {
  return args.resource === undefined ? id : `${args.resource}.${id}`;
}

/** The prompt's id: what the agent is given with it, and the key of its row. */
export function promptIdOf(ctx: CoderContext, inboxKey: string): string {
  return uuidOf("prompt", ctx.url, String(ctx.entity.createdAt), inboxKey);
}

type Status = Omit<CoderRunStatusRow, "key" | "since">;

export function setStatus(ctx: CoderContext, now: number, status: Status): void {
  ctx.state.runStatus.upsert({ key: "current", since: now, ...status });
}

export function moveCursor(ctx: CoderContext, to: { readonly key: string; readonly offset: string }): void {
  ctx.state.inboxCursor.upsert({ key: "current", lastProcessedInboxKey: to.key, offset: to.offset });
}

/** The agent's session goes by this id from now on. */
export function noteNativeId({ ctx, session, native }: CoderPass, id: string): void {
  if (id === native.id) return;
  ctx.state.native.upsert({ ...ctx.state.native.get("current"), key: "current", id });
  ctx.setTag(NATIVE_SESSION_TAG, id);
  const { sessionInfo } = session.collections;
  if (sessionInfo.has("current")) sessionInfo.update("current", (row) => ({ ...row, nativeSessionId: id }));
}
