import type { ChangeEvent } from "@skein/protocol";
import {
  CHECKPOINT_EVENT,
  CODER_RUN_STATUS_EVENT,
  coderRunStatusRow,
  codingSessionInfoRow,
  codingSessionTranscriptRow,
  SESSION_INFO_EVENT,
  TRANSCRIPT_EVENT,
  type CodingSessionTranscriptRow,
  type TranscriptEventType,
} from "@skein/sessions";
import { z } from "zod";
import type { SessionRecord } from "./session.ts";

/**
 * A session's row in the list, folded from the events of its resource and of its coder. Pure: called with the events
 * of one commit, whose outcome it becomes part of. Rows that do not fit their schema are left out: they are the
 * writer's to fix, and a list must not refuse a transcript.
 */

const rowHead = z.looseObject({ ts: z.number(), payload: z.looseObject({ type: z.string() }) });
/** Kinds of rows that change the list. */
const TOLD: ReadonlySet<string> = new Set<TranscriptEventType>([
  "user_message",
  "assistant_message",
  "permission_request",
  "permission_response",
  "question",
  "answer",
  "turn_complete",
  "turn_aborted",
  "session_end",
  "title",
]);
const MAX_TITLE = 80;
const MAX_LINE = 240;

export function projectEvents(session: SessionRecord, events: readonly ChangeEvent[], now: number): SessionRecord {
  return events.reduce((current, event) => projectEvent(current, event, now), session);
}

function projectEvent(session: SessionRecord, event: ChangeEvent, now: number): SessionRecord {
  if (event.headers.operation === "delete") return session;
  if (event.type === TRANSCRIPT_EVENT) {
    // Most rows say nothing about the list, and a whole history comes by when a session is attached to.
    const head = rowHead.safeParse(event.value);
    if (!head.success) return session;
    const touched = touch(session, Math.min(head.data.ts, now));
    if (!TOLD.has(head.data.payload.type)) return touched;
    const row = codingSessionTranscriptRow.safeParse(event.value);
    return row.success ? projectRow(touched, row.data) : touched;
  }
  if (event.type === SESSION_INFO_EVENT) return projectInfo(session, event.value);
  if (event.type === CHECKPOINT_EVENT) return projectBranch(session, event.value);
  if (event.type === CODER_RUN_STATUS_EVENT) return projectStatus(session, event.value, now);
  return session;
}

function touch(session: SessionRecord, at: number): SessionRecord {
  return at > session.lastActivityAt ? { ...session, lastActivityAt: at } : session;
}

function projectInfo(session: SessionRecord, value: unknown): SessionRecord {
  const parsed = codingSessionInfoRow.safeParse(value);
  if (!parsed.success) return session;
  const { agent, cwd, createdAt, title, model, permissionMode, machine } = parsed.data;
  const informed: SessionRecord = {
    ...session,
    agent,
    cwd,
    createdAt,
    ...(model !== undefined && { model }),
    ...(permissionMode !== undefined && { permissionMode }),
    ...(machine !== undefined && { machine }),
  };
  return title === undefined ? informed : titled(informed, title, "given");
}

const checkedOut = z.looseObject({ branch: z.string().max(256).optional() });

/** Every turn's checkpoint says what was checked out then. */
function projectBranch(session: SessionRecord, value: unknown): SessionRecord {
  const parsed = checkedOut.safeParse(value);
  const branch = parsed.success ? parsed.data.branch : undefined;
  return branch === undefined || branch === session.branch ? session : { ...session, branch };
}

function projectStatus(session: SessionRecord, value: unknown, now: number): SessionRecord {
  const parsed = coderRunStatusRow.safeParse(value);
  if (!parsed.success || session.status === "killed") return session;
  const { status, error, since, currentPrompt, runId, promptRow } = parsed.data;
  const { error: _, turn: _t, ...rest } = session;
  const open = status === "running" || status === "waiting";
  const changed = status !== session.status;
  return {
    ...rest,
    status,
    statusSince: since ?? (changed ? now : session.statusSince),
    ...(error !== undefined && { error }),
    ...(open &&
      currentPrompt !== undefined && {
        turn: {
          promptId: currentPrompt,
          ...(runId !== undefined && { runId }),
          ...(promptRow !== undefined && { row: promptRow }),
        },
      }),
  };
}

function projectRow(session: SessionRecord, row: CodingSessionTranscriptRow): SessionRecord {
  const { payload } = row;
  const nested = row.parentCallId !== undefined;
  switch (payload.type) {
    case "user_message":
      return nested ? session : said(titled(session, payload.text, "prompt"), payload.text);
    case "assistant_message":
      return nested ? session : said(session, payload.text);
    case "permission_request": {
      const title = payload.title ?? payload.reason;
      return waiting(session, {
        requestId: payload.requestId,
        kind: "permission",
        tool: payload.tool,
        ...(title && { title }),
      });
    }
    case "question": {
      const title = payload.questions[0]?.question;
      return waiting(session, { requestId: payload.requestId, kind: "question", ...(title && { title }) });
    }
    case "permission_response":
    case "answer":
      return { ...session, pending: session.pending.filter(({ requestId }) => requestId !== payload.requestId) };
    case "turn_complete": {
      const cost = payload.usage?.costUsd;
      const ended = { ...session, pending: [], turns: session.turns + 1 };
      return cost === undefined ? ended : { ...ended, costUsd: (session.costUsd ?? 0) + cost };
    }
    case "turn_aborted":
    case "session_end":
      return { ...session, pending: [] };
    case "title":
      return titled(session, payload.title, "given");
    case "session_init":
    case "user_message_queued":
    case "thinking":
    case "tool_call":
    case "tool_result":
    case "plan":
    case "file_change":
    case "subagent":
    case "compaction":
    case "error":
    case "notice":
    case "takeover":
    case "handoff":
    case "unknown":
      return session;
  }
}

function waiting(session: SessionRecord, request: SessionRecord["pending"][number]): SessionRecord {
  const others = session.pending.filter(({ requestId }) => requestId !== request.requestId);
  return { ...session, pending: [...others, request] };
}

function titled(session: SessionRecord, text: string, from: "prompt" | "given"): SessionRecord {
  if (session.titleFrom === "person" || (from === "prompt" && session.titleFrom !== "nothing")) return session;
  const title = line(text, MAX_TITLE);
  return title === undefined ? session : { ...session, title, titleFrom: from };
}

function said(session: SessionRecord, text: string): SessionRecord {
  const lastLine = line(text, MAX_LINE);
  return lastLine === undefined ? session : { ...session, lastLine };
}

/** The first line that says something, cut at a word where there is one, and never inside a character. */
function line(text: string, max: number): string | undefined {
  const found = text
    .split("\n", 50)
    .map((part) => part.trim())
    .find((part) => part.length > 0);
  if (found === undefined || found.length <= max) return found;
  const cut = found.slice(0, max - 1);
  const word = cut.lastIndexOf(" ");
  return `${word > max / 2 ? cut.slice(0, word) : cut.replace(/[\ud800-\udbff]$/, "")}…`;
}
