import type { HandlerContext, SharedState } from "@skein/runtime";
import {
  CODER_INBOX_CURSOR_EVENT,
  CODER_RUN_STATUS_EVENT,
  coderInboxCursorRow,
  coderRunStatusRow,
  codingSessionResourceSchema,
} from "@skein/sessions";
import type { CoderArgs, CoderRunStatusRow } from "@skein/sessions";

/** The coder's own state, on its entity stream: what the session does not need to outlive it. */
export const coderState = {
  runStatus: { type: CODER_RUN_STATUS_EVENT, primaryKey: "key", schema: coderRunStatusRow },
  inboxCursor: { type: CODER_INBOX_CURSOR_EVENT, primaryKey: "key", schema: coderInboxCursorRow },
} as const;

export type CoderContext = HandlerContext<typeof coderState, CoderArgs>;
export type SessionState = SharedState<typeof codingSessionResourceSchema>;

/** A pass of a coder's handler over its session. */
export interface CoderPass {
  readonly ctx: CoderContext;
  readonly session: SessionState;
  readonly sessionId: string;
  /** The agent's session: attached to, or ours (and then perhaps not made yet). */
  readonly native: { readonly kind: "resume" | "own"; readonly id: string };
  readonly cwd: string;
}

type Status = Omit<CoderRunStatusRow, "key" | "since">;

export function setStatus(ctx: CoderContext, now: number, status: Status): void {
  ctx.state.runStatus.upsert({ key: "current", since: now, ...status });
}

export function moveCursor(ctx: CoderContext, to: { readonly key: string; readonly offset: string }): void {
  ctx.state.inboxCursor.upsert({ key: "current", lastProcessedInboxKey: to.key, offset: to.offset });
}
