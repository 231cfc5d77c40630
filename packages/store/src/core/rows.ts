import type { StreamInfo } from "../store.ts";

/**
 * What every engine keeps of a stream, a producer and a record. Rows are plain values and never changed in place:
 * a decision makes new ones, and the engine puts them where the old ones were.
 */

/** Messages that a fork shows: those from the end of the segment before to `below`, in an ancestor's log. */
export interface Segment {
  readonly stream: number;
  readonly below: number;
  /** Not in the ancestor's own log, but where its list (at its path) says: see `lineage.ts`. */
  readonly of?: { readonly path: string; readonly level: number };
}

export interface StreamRow {
  /** Never used again while anything of the stream is left. */
  readonly id: number;
  readonly path: string;
  readonly contentType: string;
  readonly head: number;
  readonly first: number;
  readonly closed: boolean;
  readonly deleted: boolean;
  readonly createdAt: number;
  readonly ttlSeconds: number | undefined;
  readonly expiresAt: number | undefined;
  readonly parent: { readonly id: number; readonly path: string; readonly position: number } | undefined;
  /** Where the inherited messages are, oldest first: copied at the fork, so that a read needs no recursion. */
  readonly lineage: readonly Segment[];
  /** Live forks that hang on this stream. */
  readonly children: number;
  readonly ephemeral: { readonly maxBytes: number; readonly idleMs: number; readonly bytes: number } | undefined;
  readonly streamSeq: string | undefined;
}

export interface ProducerRow {
  readonly epoch: number;
  readonly seq: number;
}

export interface RecordRow {
  readonly version: number;
  readonly json: string;
}

export function streamInfo(row: StreamRow): StreamInfo {
  return {
    id: row.id,
    path: row.path,
    contentType: row.contentType,
    head: row.head,
    first: row.first,
    closed: row.closed,
    deleted: row.deleted,
    createdAt: row.createdAt,
    ...(row.ttlSeconds !== undefined && { ttlSeconds: row.ttlSeconds }),
    ...(row.expiresAt !== undefined && { expiresAt: row.expiresAt }),
    ...(row.parent && { forkedFrom: { path: row.parent.path, position: row.parent.position } }),
    ephemeral: row.ephemeral !== undefined,
    ...(row.streamSeq !== undefined && { streamSeq: row.streamSeq }),
  };
}

export function isExpired(row: StreamRow, now: number): boolean {
  return row.expiresAt !== undefined && row.expiresAt <= now;
}

/**
 * The row as anybody may see it at this moment: an expired stream is gone whether or not it has been swept,
 * and one that forks still need is marked deleted.
 */
export function visibleRow(row: StreamRow | undefined, now: number): StreamRow | undefined {
  if (!row || !isExpired(row, now) || row.deleted) return row;
  return row.children > 0 ? { ...row, deleted: true } : undefined;
}
