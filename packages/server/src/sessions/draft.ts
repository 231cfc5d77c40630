import { sharedStateStream, type ChangeEvent, type Tags } from "@skein/protocol";
import { CODER_RESOURCE_TAG, coderArgs, sessionIdOf } from "@skein/sessions";
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
  if (!before) writeSession(draft, newSession(id, entity, stamp.now), stamp);
  else if (before.coder !== entity.url && before.status === "killed") {
    const { error: _, ...rest } = before;
    writeSession(draft, { ...rest, coder: entity.url, status: "initializing", statusSince: stamp.now }, stamp);
  }
}

/** Events of a session's resource, or of its coder, that are part of this commit. */
export function projectIntoSession(
  draft: Draft,
  request: { readonly id: string; readonly by: EntityRecord; readonly events: readonly ChangeEvent[] },
  stamp: Stamp,
): void {
  const before = draft.read("sessions", request.id) ?? newSession(request.id, request.by, stamp.now);
  const after = projectEvents(before, request.events, stamp.now);
  if (after !== before) writeSession(draft, after, stamp);
}

export function projectKill(draft: Draft, entity: EntityRecord, stamp: Stamp): void {
  const id = sessionOf(entity.tags);
  const before = id === undefined ? undefined : draft.read("sessions", id);
  if (!before || before.coder !== entity.url) return;
  writeSession(draft, { ...before, status: "killed", statusSince: stamp.now, pending: [] }, stamp);
}

function writeSession(draft: Draft, session: SessionRecord, stamp: Stamp): void {
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
