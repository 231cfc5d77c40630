import { sharedStateStream, SkeinError } from "@skein/protocol";
import {
  answerKey,
  TRANSCRIPT_EVENT,
  turnEndKey,
  type CodingSessionTranscriptRow,
  type TranscriptEvent,
} from "@skein/sessions";
import { changeEventOf, type Stamp } from "../entities/events.ts";
import type { Draft } from "../records/draft.ts";
import { announceSession } from "../sessions/draft.ts";
import type { SessionRecord } from "../sessions/session.ts";
import { isHeld } from "../wakes/waiting.ts";

/**
 * The driver lease: the right to write to a coding session, of one entity at a time. It is taken by writing (an empty
 * write will do), kept while the entity has a claim, and fenced by that claim: whoever lost the one is refused by the
 * store, whoever never had the other by this. It changes hands visibly: the turn that was open is closed, and a
 * `takeover` row says from whom to whom, in front of what the new driver writes.
 */
export function takeDriver(draft: Draft, entity: string, resource: string, stamp: Stamp): SkeinError | undefined {
  const record = draft.read("resources", resource);
  if (record?.driver === entity) {
    draft.check("resources", resource);
    return undefined;
  }
  if (record) {
    const holder = draft.read("wakes", record.driver);
    if (isHeld(holder, stamp.now) || (holder?.reservedUntil ?? 0) > stamp.now) {
      return new SkeinError("session_in_use", `${record.driver} is driving this session right now.`, {
        details: { driver: record.driver },
      });
    }
    draft.check("wakes", record.driver);
  }
  changeDriver(draft, { resource, to: entity, reason: "taken over: its driver was gone" }, stamp);
  return undefined;
}

export interface DriverChange {
  readonly resource: string;
  readonly to: string;
  /** Why the turn that is open ends. */
  readonly reason: string;
}

/** Gives the lease to another, whoever has it. */
export function changeDriver(draft: Draft, { resource, to, reason }: DriverChange, stamp: Stamp): void {
  const before = draft.read("resources", resource);
  const createdBy = before?.createdBy ?? to;
  if (before === undefined) return draft.write("resources", resource, { id: resource, createdBy, driver: to });
  const changes = (before.changes ?? 0) + 1;
  draft.write("resources", resource, { id: resource, createdBy, driver: to, changes });
  const session = draft.read("sessions", resource.slice(resource.indexOf("/") + 1));
  const rows = session === undefined ? [] : closingRows(session, reason, stamp);
  const takeover = { v: 1, type: "takeover", from: before.driver, to } as const;
  // A fork begins with its origin's rows, and counts its own.
  rows.push(rowOf(`takeover:${session?.id ?? resource}:${String(changes)}`, takeover, stamp));
  draft.append(
    sharedStateStream(resource),
    rows.map((row) => changeEventOf(TRANSCRIPT_EVENT, row.key, "insert", row, stamp)),
  );
  if (session === undefined) return;
  const { turn: _, error: _e, ...rest } = session;
  announceSession(draft, { ...rest, coder: to, status: "idle", statusSince: stamp.now, pending: [] }, stamp);
}

/** What ends a turn whose coder cannot write any more: its requests, and the turn itself. */
export function closingRows(
  { turn, pending }: SessionRecord,
  reason: string,
  stamp: Stamp,
): CodingSessionTranscriptRow[] {
  if (turn === undefined) return [];
  const of = { promptId: turn.promptId, ...(turn.runId !== undefined && { runId: turn.runId }) };
  const rows = pending.map(({ requestId, kind }): CodingSessionTranscriptRow =>
    kind === "question"
      ? rowOf(answerKey(requestId), { v: 1, type: "answer", requestId, answers: {}, cancelled: true }, stamp)
      : rowOf(
          `permission:${requestId}:response`,
          { v: 1, type: "permission_response", requestId, decision: "cancelled" },
          stamp,
        ),
  );
  rows.push(rowOf(turnEndKey(turn.row ?? turn.promptId), { v: 1, type: "turn_aborted", reason }, stamp));
  return rows.map((row) => ({ ...row, ...of }));
}

function rowOf(key: string, payload: TranscriptEvent, { principal, now }: Stamp): CodingSessionTranscriptRow {
  return { key, ts: now, type: payload.type, actor: principal, payload };
}
