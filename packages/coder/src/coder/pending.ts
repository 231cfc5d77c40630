import type { InboxRow } from "@skein/protocol";
import { answerKey, coderInbox } from "@skein/sessions";
import type { CodingSessionTranscriptRow } from "@skein/sessions";
import type { DriverResponse, DriverRow } from "../driver.ts";

/** Requests of the agent that wait for a person, and what settles them. */
export interface PendingRequest {
  readonly requestId: string;
  readonly kind: "permission" | "question";
  readonly callId?: string | undefined;
  /** Whether it leads out of the agent's plan mode. */
  readonly leavesPlan?: boolean;
  /** Of a question: what was asked, word by word. */
  readonly questions?: readonly string[];
}

export function pendingOf(requestId: string, row: DriverRow): PendingRequest {
  const { payload, callId } = row;
  const questions = payload.type === "question" ? payload.questions.map(({ question }) => question) : undefined;
  return {
    requestId,
    kind: payload.type === "question" ? "question" : "permission",
    ...(callId === undefined ? {} : { callId }),
    ...(payload.type === "permission_request" && payload.originalTool === "ExitPlanMode" ? { leavesPlan: true } : {}),
    ...(questions === undefined ? {} : { questions }),
  };
}

export interface Settled {
  readonly row: CodingSessionTranscriptRow;
  readonly response: DriverResponse;
}

/** A message as the answer to a request that waits; `undefined` when it is not a valid one. */
export function settleWith(
  message: InboxRow,
  pending: ReadonlyMap<string, PendingRequest>,
  now: number,
): (Settled & { readonly requestId: string }) | undefined {
  if (message.type === "permission_response") {
    const parsed = coderInbox.permission_response.safeParse(message.payload);
    const request = parsed.success ? pending.get(parsed.data.requestId) : undefined;
    if (!parsed.success || request?.kind !== "permission") return undefined;
    const payload = { v: 1, type: "permission_response", ...parsed.data, user: message.from } as const;
    const { requestId, ...response } = parsed.data;
    const row = rowFor(request, payload, now);
    return { requestId, row: { ...row, actor: message.from }, response: { kind: "permission", ...response } };
  }
  if (message.type === "answer") {
    const parsed = coderInbox.answer.safeParse(message.payload);
    const request = parsed.success ? pending.get(parsed.data.requestId) : undefined;
    if (!parsed.success || request?.kind !== "question") return undefined;
    const { requestId, answers } = parsed.data;
    const known = Object.keys(answers).every((question) => request.questions?.includes(question) ?? false);
    if (!known || Object.keys(answers).length === 0) return undefined;
    const payload = { v: 1, type: "answer", requestId, answers, user: message.from } as const;
    const row = rowFor(request, payload, now);
    return { requestId, row: { ...row, actor: message.from }, response: { kind: "answer", answers } };
  }
  return undefined;
}

/** The row that closes a request whose turn is over. */
export function cancelledRow(request: PendingRequest, now: number): CodingSessionTranscriptRow {
  const { requestId } = request;
  return request.kind === "permission"
    ? rowFor(request, { v: 1, type: "permission_response", requestId, decision: "cancelled" }, now)
    : rowFor(request, { v: 1, type: "answer", requestId, answers: {}, cancelled: true }, now);
}

type Payload = CodingSessionTranscriptRow["payload"];

function rowFor(request: PendingRequest, payload: Payload, now: number): CodingSessionTranscriptRow {
  const key = request.kind === "question" ? answerKey(request.requestId) : `permission:${request.requestId}:response`;
  const callId = request.callId === undefined ? {} : { callId: request.callId };
  return { key, ts: now, type: payload.type, ...callId, payload };
}
