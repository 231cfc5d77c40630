import { z } from "zod";
import type { StreamRow } from "../core/rows.ts";

/** A row of `streams` or `live_streams` as JSON, the form in which it is both written and read. */
const streamJson = z.object({
  id: z.number(),
  path: z.string(),
  content_type: z.string(),
  head: z.number(),
  first: z.number(),
  closed: z.boolean(),
  deleted: z.boolean(),
  created_at: z.number(),
  ttl_seconds: z.number().nullable(),
  expires_at: z.number().nullable(),
  parent: z.object({ id: z.number(), path: z.string(), position: z.number() }).nullable(),
  lineage: z.array(
    z.object({
      stream: z.number(),
      below: z.number(),
      of: z.object({ path: z.string(), level: z.number() }).exactOptional(),
    }),
  ),
  children: z.number(),
  ephemeral: z.object({ maxBytes: z.number(), idleMs: z.number(), bytes: z.number() }).nullable(),
  stream_seq: z.string().nullable(),
});
export type StreamJson = z.infer<typeof streamJson>;

export const STREAM_COLUMN_NAMES =
  "id, path, content_type, head, first, closed, deleted, created_at, ttl_seconds, expires_at, parent, lineage, " +
  "children, ephemeral, stream_seq";

export const STREAM_RECORD =
  "id bigint, path text, content_type text, head bigint, first bigint, closed boolean, deleted boolean, " +
  "created_at bigint, ttl_seconds bigint, expires_at bigint, parent json, lineage json, children bigint, " +
  "ephemeral json, stream_seq text";

export function readStreamRow(json: unknown): StreamRow {
  const row = streamJson.parse(json);
  return {
    id: row.id,
    path: row.path,
    contentType: row.content_type,
    head: row.head,
    first: row.first,
    closed: row.closed,
    deleted: row.deleted,
    createdAt: row.created_at,
    ttlSeconds: row.ttl_seconds ?? undefined,
    expiresAt: row.expires_at ?? undefined,
    parent: row.parent ?? undefined,
    lineage: row.lineage,
    children: row.children,
    ephemeral: row.ephemeral ?? undefined,
    streamSeq: row.stream_seq ?? undefined,
  };
}

export function streamJsonOf(row: StreamRow): StreamJson {
  return {
    id: row.id,
    path: row.path,
    content_type: row.contentType,
    head: row.head,
    first: row.first,
    closed: row.closed,
    deleted: row.deleted,
    created_at: row.createdAt,
    ttl_seconds: row.ttlSeconds ?? null,
    expires_at: row.expiresAt ?? null,
    parent: row.parent ?? null,
    lineage: [...row.lineage],
    children: row.children,
    ephemeral: row.ephemeral ?? null,
    stream_seq: row.streamSeq ?? null,
  };
}
