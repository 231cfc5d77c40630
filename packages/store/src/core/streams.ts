import type { Operation, StreamInfo } from "../store.ts";
import type { Verdict } from "./decide.ts";
import type { Draft } from "./draft.ts";
import { lineageOfFork } from "./lineage.ts";
import type { StreamRow } from "./rows.ts";
import { isExpired, streamInfo, visibleRow } from "./rows.ts";

type Refused = Extract<Verdict, { kind: "refused" }>;

/** The stream an operation may work on. */
export function findStream(
  path: string,
  draft: Draft,
  now: number,
): { readonly kind: "found"; readonly row: StreamRow } | Refused {
  const row = visibleRow(draft.stream(path), now);
  if (!row) return { kind: "refused", reason: { kind: "stream-not-found", path } };
  if (row.deleted) return { kind: "refused", reason: { kind: "stream-gone", path } };
  return { kind: "found", row };
}

export function createStream(
  operation: Extract<Operation, { kind: "create-stream" }>,
  draft: Draft,
  now: number,
): Verdict {
  const taken = occupant(operation.path, draft, now);
  if (taken?.kind === "refused") return taken;
  if (taken) {
    const stream = streamInfo(taken.row);
    if (operation.ifExists === "fail") return { kind: "refused", reason: { kind: "stream-exists", stream } };
    if (!sameContentType(operation.contentType, taken.row.contentType))
      return { kind: "refused", reason: { kind: "content-type-mismatch", stream } };
    return { kind: "accepted", result: { kind: "stream", stream, created: false } };
  }
  const { ephemeral } = operation;
  const row = {
    ...newRow(operation.path, draft, now),
    contentType: operation.contentType,
    closed: operation.closed === true,
  };
  if (!ephemeral) return created(draft, { ...row, ...chosenExpiry(operation, undefined, now) });
  const { maxBytes, idleMs } = ephemeral;
  const first = Math.trunc(now) * POSITIONS_PER_MS;
  return created(draft, {
    ...row,
    first,
    head: first,
    expiresAt: now + idleMs,
    ephemeral: { maxBytes, idleMs, bytes: 0 },
  });
}

/**
 * An ephemeral stream that is made again begins behind all positions of its earlier lives, so that a reader who was
 * away meanwhile is told so, and does not go on in the middle of other messages.
 */
const POSITIONS_PER_MS = 1000;

/** Constant cost: the fork is one row that points at its parent's messages. */
export function forkStream(operation: Extract<Operation, { kind: "fork-stream" }>, draft: Draft, now: number): Verdict {
  const found = findStream(operation.from, draft, now);
  if (found.kind === "refused") return found;
  const parent = found.row;
  // Its messages go with the moment: there is nothing that a fork could keep.
  if (parent.ephemeral) return { kind: "refused", reason: { kind: "stream-not-found", path: operation.from } };
  const taken = occupant(operation.path, draft, now);
  if (taken?.kind === "refused") return taken;
  if (taken) return { kind: "refused", reason: { kind: "stream-exists", stream: streamInfo(taken.row) } };
  if (operation.contentType !== undefined && !sameContentType(operation.contentType, parent.contentType))
    return { kind: "refused", reason: { kind: "content-type-mismatch", stream: streamInfo(parent) } };
  const position = operation.position ?? parent.head;
  if (!Number.isSafeInteger(position) || position < 0 || position > parent.head)
    return { kind: "refused", reason: { kind: "position-out-of-range", stream: streamInfo(parent) } };

  draft.putStream({ ...parent, children: parent.children + 1 });
  return created(draft, {
    ...newRow(operation.path, draft, now),
    ...chosenExpiry(operation, parent, now),
    contentType: parent.contentType,
    head: position,
    closed: operation.closed === true,
    parent: { id: parent.id, path: parent.path, position },
    lineage: lineageOfFork(parent, position),
  });
}

export function deleteStream(
  operation: Extract<Operation, { kind: "delete-stream" }>,
  draft: Draft,
  now: number,
): Verdict {
  const found = findStream(operation.path, draft, now);
  if (found.kind === "refused" && operation.ifMissing !== "skip") return found;
  if (found.kind === "found") removeStream(found.row, draft);
  return { kind: "accepted", result: { kind: "done" } };
}

export function touchStream(
  operation: Extract<Operation, { kind: "touch-stream" }>,
  draft: Draft,
  now: number,
): Verdict {
  const found = findStream(operation.path, draft, now);
  if (found.kind === "refused") return found;
  const { row } = found;
  const moved = row.ttlSeconds === undefined ? row : { ...row, expiresAt: movedExpiry(row, now) };
  if (moved !== row) draft.putStream(moved);
  return { kind: "accepted", result: { kind: "stream", stream: streamInfo(moved), created: false } };
}

/**
 * A stream with forks is hidden and keeps its messages; one without goes, and with it every hidden ancestor that
 * nothing hangs on any more.
 */
export function removeStream(row: StreamRow, draft: Draft): void {
  let current: StreamRow | undefined = row;
  while (current) {
    if (current.children > 0) return draft.putStream({ ...current, deleted: true });
    draft.purge(current);
    const parent: StreamRow | undefined = current.parent && draft.stream(current.parent.path);
    if (!parent || parent.id !== current.parent?.id) return;
    const relieved: StreamRow = { ...parent, children: parent.children - 1 };
    draft.putStream(relieved);
    current = relieved.deleted && relieved.children === 0 ? relieved : undefined;
  }
}

/** Removes streams whose time is over, as far as they still are what was found. */
export function sweepStreams(expired: readonly StreamRow[], draft: Draft): void {
  for (const { path, id } of expired) {
    const row = draft.stream(path);
    if (row && row.id === id && !row.deleted) removeStream(row, draft);
  }
}

/** What stands at a path where something is to be made. An expired stream makes room. */
function occupant(
  path: string,
  draft: Draft,
  now: number,
): { readonly kind: "taken"; readonly row: StreamRow } | Refused | undefined {
  const row = draft.stream(path);
  if (!row) return undefined;
  if (!isExpired(row, now) && !row.deleted) return { kind: "taken", row };
  if (row.children > 0) return { kind: "refused", reason: { kind: "stream-gone", path } };
  removeStream(row, draft);
  return undefined;
}

function newRow(path: string, draft: Draft, now: number): StreamRow {
  return {
    id: draft.nextStreamId(),
    path,
    contentType: "",
    head: 0,
    first: 0,
    closed: false,
    deleted: false,
    createdAt: now,
    ttlSeconds: undefined,
    expiresAt: undefined,
    parent: undefined,
    lineage: [],
    children: 0,
    ephemeral: undefined,
    streamSeq: undefined,
  };
}

function created(draft: Draft, row: StreamRow): Verdict {
  draft.putStream(row);
  const stream: StreamInfo = streamInfo(row);
  return { kind: "accepted", result: { kind: "stream", stream, created: true } };
}

interface Expiry {
  readonly ttlSeconds: number | undefined;
  readonly expiresAt: number | undefined;
}

/** A fork that does not say when it ends ends as its parent does. */
function chosenExpiry(
  chosen: { readonly ttlSeconds?: number; readonly expiresAt?: number },
  parent: StreamRow | undefined,
  now: number,
): Expiry {
  if (chosen.ttlSeconds !== undefined)
    return { ttlSeconds: chosen.ttlSeconds, expiresAt: now + chosen.ttlSeconds * 1000 };
  if (chosen.expiresAt !== undefined) return { ttlSeconds: undefined, expiresAt: chosen.expiresAt };
  if (parent?.ttlSeconds !== undefined)
    return { ttlSeconds: parent.ttlSeconds, expiresAt: now + parent.ttlSeconds * 1000 };
  return { ttlSeconds: undefined, expiresAt: parent?.expiresAt };
}

/** When the stream ends after an access now: a TTL begins anew, an ephemeral stream is idle from now on. */
export function movedExpiry(row: StreamRow, now: number): number | undefined {
  if (row.ephemeral) return now + row.ephemeral.idleMs;
  return row.ttlSeconds === undefined ? row.expiresAt : now + row.ttlSeconds * 1000;
}

/** Media types are compared without parameters and without regard to case. */
export function sameContentType(left: string, right: string): boolean {
  return mediaType(left) === mediaType(right);
}

function mediaType(contentType: string): string {
  const [type = ""] = contentType.split(";", 1);
  return type.trim().toLowerCase();
}
