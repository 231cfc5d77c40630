import type { Operation, Rejection } from "../store.ts";
import type { Verdict } from "./decide.ts";
import type { Draft } from "./draft.ts";
import { duplicate, isDuplicate, refuseStamp } from "./producers.ts";
import type { StreamRow } from "./rows.ts";
import { streamInfo } from "./rows.ts";
import { findStream, movedExpiry, sameContentType } from "./streams.ts";

type Append = Extract<Operation, { kind: "append" }>;

export function append(operation: Append, draft: Draft, now: number): Verdict {
  const found = findStream(operation.path, draft, now);
  if (found.kind === "refused") return found;
  const { row } = found;
  const known = operation.producer && draft.producer(row.id, operation.producer.id);
  // Before anything else: a repeated request gets the answer of the first, also when that one closed the stream.
  if (operation.producer && isDuplicate(known, operation.producer))
    return { kind: "refused", reason: duplicate(known, streamInfo(row)) };

  const closesAgain = row.closed && operation.close === true && operation.messages.length === 0 && !operation.producer;
  if (closesAgain) return { kind: "accepted", result: { kind: "appended", stream: streamInfo(row), start: row.head } };

  const reason = refuse(operation, row) ?? (operation.producer && refuseStamp(known, operation.producer));
  if (reason) return { kind: "refused", reason };
  const stale = refusePosition(operation, row);
  if (stale) return { kind: "refused", reason: stale };

  if (operation.producer) {
    const { id, epoch, seq } = operation.producer;
    draft.putProducer(row.id, id, { epoch, seq });
  }
  if (operation.messages.length > 0) draft.append(row.id, row.head, operation.messages);
  const next = appendedRow(operation, row, draft, now);
  draft.putStream(next);
  return { kind: "accepted", result: { kind: "appended", stream: streamInfo(next), start: row.head } };
}

function refuse(operation: Append, row: StreamRow): Rejection | undefined {
  if (row.closed) return { kind: "stream-closed", stream: streamInfo(row) };
  if (operation.contentType !== undefined && !sameContentType(operation.contentType, row.contentType))
    return { kind: "content-type-mismatch", stream: streamInfo(row) };
  return undefined;
}

function refusePosition(operation: Append, row: StreamRow): Rejection | undefined {
  if (operation.streamSeq !== undefined && row.streamSeq !== undefined && operation.streamSeq <= row.streamSeq)
    return { kind: "stream-seq-regressed", current: row.streamSeq };
  if (operation.expectedHead !== undefined && operation.expectedHead !== row.head)
    return { kind: "head-mismatch", stream: streamInfo(row) };
  return undefined;
}

function appendedRow(operation: Append, row: StreamRow, draft: Draft, now: number): StreamRow {
  const next: StreamRow = {
    ...row,
    head: row.head + operation.messages.length,
    closed: row.closed || operation.close === true,
    streamSeq: operation.streamSeq ?? row.streamSeq,
    expiresAt: movedExpiry(row, now),
  };
  return row.ephemeral ? trimmed(next, row.ephemeral, operation.messages, draft) : next;
}

/** Drops the oldest messages until the rest fits; what alone is too large does not stay either. */
function trimmed(
  row: StreamRow,
  ephemeral: NonNullable<StreamRow["ephemeral"]>,
  messages: readonly Uint8Array[],
  draft: Draft,
): StreamRow {
  let bytes = ephemeral.bytes;
  for (const message of messages) bytes += message.byteLength;
  let first = row.first;
  for (; bytes > ephemeral.maxBytes && first < row.head; first++) bytes -= draft.ephemeralSize(row.id, first);
  return { ...row, first, ephemeral: { ...ephemeral, bytes } };
}
