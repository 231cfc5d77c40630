import { NATIVE_SESSION_TAG } from "./state.ts";
import type { RunHandle } from "@skein/runtime";
import type { CodingSessionTranscriptRow, PromptAttachment } from "@skein/sessions";
import type { DriverAttachment, DriverEvent, TurnOutcome } from "../driver.ts";
import { shownAttachments } from "./prompt-input.ts";
import type { CoderPass } from "./state.ts";

/** What a person said, with references to what goes with it. */
export function promptRow(
  key: string,
  { text, attachments, fetched }: PromptSaid,
  head: { readonly actor: string; readonly ts: number },
): CodingSessionTranscriptRow {
  const shown = attachments.length === 0 ? {} : { attachments: shownAttachments(attachments, fetched) };
  return { key, ...head, type: "user_message", payload: { v: 1, type: "user_message", text, ...shown } };
}

interface PromptSaid {
  readonly text: string;
  readonly attachments: readonly PromptAttachment[];
  readonly fetched: readonly DriverAttachment[] | undefined;
}

/** True when the agent's session has another id than was known. */
export function noteSession(pass: CoderPass, event: Extract<DriverEvent, { kind: "session" }>): boolean {
  const { ctx, session, native } = pass;
  const isNew = event.nativeSessionId !== native.id;
  if (isNew) {
    ctx.state.native.upsert({ ...ctx.state.native.get("current"), key: "current", id: event.nativeSessionId });
    ctx.setTag(NATIVE_SESSION_TAG, event.nativeSessionId);
  }
  const { sessionInfo } = session.collections;
  const info = sessionInfo.get("current");
  const model = event.model ?? info?.model;
  if (info === undefined || (info.nativeSessionId === event.nativeSessionId && info.model === model)) return isNew;
  const known = model === undefined ? {} : { model };
  sessionInfo.update("current", (row) => ({ ...row, nativeSessionId: event.nativeSessionId, ...known }));
  return isNew;
}

export function endOf(outcome: TurnOutcome, interruptedBy: string | undefined): CodingSessionTranscriptRow["payload"] {
  if (outcome.kind === "aborted") {
    const user = interruptedBy === undefined ? {} : { user: interruptedBy };
    return { v: 1, type: "turn_aborted", reason: outcome.reason, ...user };
  }
  const { usage, durationMs } = outcome;
  return {
    v: 1,
    type: "turn_complete",
    success: outcome.kind === "completed",
    ...(usage === undefined ? {} : { usage }),
    ...(durationMs === undefined ? {} : { durationMs }),
  };
}

/** Characters: the whole is in the transcript. */
const MAX_RESPONSE = 64 * 1024;

export function endRun(run: RunHandle, outcome: TurnOutcome, said: readonly string[]): void {
  if (said.length > 0) run.attachResponse(said.join("\n\n").slice(0, MAX_RESPONSE));
  switch (outcome.kind) {
    case "completed":
      return run.end({ status: "completed", finishReason: "stop" });
    case "aborted":
      return run.end({ status: "failed", finishReason: "aborted", error: outcome.reason });
    case "failed":
      return run.end({ status: "failed", finishReason: "error", error: outcome.message });
  }
}
