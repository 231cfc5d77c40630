import { sharedStateStream, type ChangeEvent, type Tags } from "@skein/protocol";
import {
  CODER_RESOURCE_TAG,
  coderArgs,
  sessionIdOf,
  TRANSCRIPT_EVENT,
  turnEndKey,
  type CodingSessionTranscriptRow,
} from "@skein/sessions";
import { changeEventOf, type Stamp } from "../entities/events.ts";
import type { EntityRecord } from "../records/collections.ts";
import type { Draft } from "../records/draft.ts";
import type { RecordKey } from "../records/snapshot.ts";
import { projectEvents } from "./project.ts";
import { toSession, type SessionRecord } from "./session.ts";

/** The session that an entity's tag points at. */
export function sessionOf(tags: Tags): string | undefined {
  const resource = tags[CODER_RESOURCE_TAG];
  return resource === undefined ? undefined : sessionIdOf(resource);
}

/** What the functions below read. */
export function sessionKeysOf(tags: Tags): RecordKey[] {
  const id = sessionOf(tags);
  return id === undefined ? [] : [["sessions", id]];
}

/** An entity appeared, or its tags changed: if it points at a session that has no live coder, it is its coder now. */
export function projectEntity(draft: Draft, entity: EntityRecord, stamp: Stamp): void {
  const id = sessionOf(entity.tags);
  if (id === undefined) return;
  const before = draft.read("sessions", id);
  if (!before) announceSession(draft, newSession(id, entity, stamp.now), stamp);
  else if (before.coder !== entity.url && before.status === "killed") {
    const { error: _, ...rest } = before;
    announceSession(draft, { ...rest, coder: entity.url, status: "initializing", statusSince: stamp.now }, stamp);
  }
}

export interface SessionChange {
  readonly id: string;
  readonly by: EntityRecord;
  /** Whose events these are. Writing the resource makes an entity the session's coder; talking of itself does not. */
  readonly of: "resource" | "coder";
  readonly events: readonly ChangeEvent[];
}

/** Events of a session's resource, or of a coder, that are part of this commit. */
export function projectIntoSession(draft: Draft, { id, by, of, events }: SessionChange, stamp: Stamp): void {
  const known = draft.read("sessions", id);
  if (known && known.coder !== by.url && of === "coder") return;
  const before = known ?? newSession(id, by, stamp.now);
  const driven = before.coder === by.url ? before : { ...before, coder: by.url };
  const after = projectEvents(driven, events, stamp.now);
  if (after !== known) announceSession(draft, after, stamp);
}

/**
 * The coder is killed. What it cannot write any more is written for it: the end of the turn that was open, so that no
 * history ends in the middle of one. `open` says whether the resource's stream is there to take it.
 */
export function projectKill(draft: Draft, entity: EntityRecord, open: boolean, stamp: Stamp): void {
  const id = sessionOf(entity.tags);
  const before = id === undefined ? undefined : draft.read("sessions", id);
  if (!before || before.coder !== entity.url) return;
  const { turn, ...session } = before;
  if (turn && open) {
    const key = turnEndKey(turn.row ?? turn.promptId);
    const row: CodingSessionTranscriptRow = {
      key,
      ts: stamp.now,
      type: "turn_aborted",
      ...(turn.runId !== undefined && { runId: turn.runId }),
      promptId: turn.promptId,
      actor: stamp.principal,
      payload: { v: 1, type: "turn_aborted", reason: "killed" },
    };
    draft.append(before.resource, [changeEventOf(TRANSCRIPT_EVENT, key, "insert", row, stamp)]);
  }
  announceSession(draft, { ...session, status: "killed", statusSince: stamp.now, pending: [] }, stamp);
}

/** Writes the session's row in the list and tells those who follow it. */
export function announceSession(draft: Draft, session: SessionRecord, stamp: Stamp): void {
  draft.write("sessions", session.id, session);
  draft.announce(changeEventOf("session", session.id, "upsert", toSession(session), stamp));
}

function newSession(id: string, entity: EntityRecord, now: number): SessionRecord {
  const args = coderArgs.partial().safeParse(entity.args);
  const { agent = "unknown", cwd = "", model, permissionMode = "ask", title } = args.success ? args.data : {};
  return {
    id,
    resource: sharedStateStream(`coder-session/${id}`),
    coder: entity.url,
    title: title ?? "New session",
    titleFrom: title === undefined ? "nothing" : "given",
    agent,
    cwd,
    ...(model !== undefined && { model }),
    permissionMode,
    status: "initializing",
    statusSince: now,
    pending: [],
    createdAt: now,
    lastActivityAt: now,
    turns: 0,
  };
}
