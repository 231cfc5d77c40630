import { isChangeEvent } from "@skein/runtime/client";
import { codingSessionTranscriptRow, TRANSCRIPT_EVENT, turnEndKey } from "@skein/sessions";
import type { CodingSessionTranscriptRow } from "@skein/sessions";
import type { PendingRequest } from "./pending.ts";
import type { SessionState } from "./state.ts";

/** What a fork finds in the history that it begins with: read once, row by row, and not held. */
export interface Inherited {
  readonly rows: number;
  /** The last thing that the agent said or did, by which its files are known to be complete. */
  readonly lastKey: string | undefined;
  /** The prompt whose turn was still open. */
  readonly openTurn: CodingSessionTranscriptRow | undefined;
  readonly openRequests: readonly PendingRequest[];
}

const SAID: ReadonlySet<string> = new Set(["assistant_message", "tool_call", "tool_result"]);

export async function readInherited(session: SessionState): Promise<Inherited> {
  const requests = new Map<string, PendingRequest>();
  let rows = 0;
  let lastKey: string | undefined;
  let openTurn: CodingSessionTranscriptRow | undefined;
  for await (const row of transcriptOf(session)) {
    rows += 1;
    const { payload, key, parentCallId } = row;
    if (payload.type === "permission_request" || payload.type === "question") {
      const kind = payload.type === "question" ? "question" : "permission";
      const callId = row.callId === undefined ? {} : { callId: row.callId };
      requests.set(payload.requestId, { requestId: payload.requestId, kind, ...callId });
    } else if (payload.type === "permission_response" || payload.type === "answer") requests.delete(payload.requestId);
    if (parentCallId !== undefined) continue;
    // What was cut off is kept as a row of ours: the agent has no such record.
    if (SAID.has(payload.type) && !key.includes(":partial:")) lastKey = key;
    if (payload.type === "user_message") openTurn = row;
    if (openTurn !== undefined && key === turnEndKey(openTurn.key)) openTurn = undefined;
  }
  // A prompt that came while the agent worked is part of the turn, and ends with it.
  return { rows, lastKey, openTurn, openRequests: [...requests.values()] };
}

/** The transcript from its beginning, one row at a time. */
export async function* transcriptOf(
  session: SessionState,
): AsyncGenerator<CodingSessionTranscriptRow, void, undefined> {
  for await (const { events } of session.log()) {
    for (const event of events) {
      if (!isChangeEvent(event) || event.type !== TRANSCRIPT_EVENT) continue;
      const parsed = codingSessionTranscriptRow.safeParse(event.value);
      if (parsed.success) yield parsed.data;
    }
  }
}
