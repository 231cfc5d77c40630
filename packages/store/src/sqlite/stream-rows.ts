import type { StreamRow } from "../core/rows.ts";
import type { SqlRow, SqlValue } from "./driver.ts";
import { integer, integerOrNone, text, textOrNone } from "./driver.ts";

export const STREAM_COLUMNS =
  "id, path, content_type, head, closed, deleted, created_at, ttl_seconds, expires_at, " +
  "parent_id, parent_path, parent_position, lineage, children, stream_seq";

export function streamRow(row: SqlRow): StreamRow {
  const parentId = integerOrNone(row["parent_id"]);
  return {
    id: integer(row["id"]),
    path: text(row["path"]),
    contentType: text(row["content_type"]),
    head: integer(row["head"]),
    first: 0,
    closed: row["closed"] === 1,
    deleted: row["deleted"] === 1,
    createdAt: integer(row["created_at"]),
    ttlSeconds: integerOrNone(row["ttl_seconds"]),
    expiresAt: integerOrNone(row["expires_at"]),
    parent:
      parentId === undefined
        ? undefined
        : { id: parentId, path: text(row["parent_path"]), position: integer(row["parent_position"]) },
    lineage: row["lineage"] === null ? [] : JSON.parse(text(row["lineage"])),
    children: integer(row["children"]),
    ephemeral: undefined,
    streamSeq: textOrNone(row["stream_seq"]),
  };
}

/** Values for `STREAM_COLUMNS`. */
export function streamValues(row: StreamRow): SqlValue[] {
  return [
    row.id,
    row.path,
    row.contentType,
    row.head,
    Number(row.closed),
    Number(row.deleted),
    row.createdAt,
    row.ttlSeconds ?? null,
    row.expiresAt ?? null,
    row.parent?.id ?? null,
    row.parent?.path ?? null,
    row.parent?.position ?? null,
    row.lineage.length === 0 ? null : JSON.stringify(row.lineage),
    row.children,
    row.streamSeq ?? null,
  ];
}
