import type { Operation, Rejection } from "../store.ts";
import type { Verdict } from "./decide.ts";
import type { Draft } from "./draft.ts";
import { isDuplicate, isFenced, refuseSequence } from "./producers.ts";
import type { ProducerRow, StreamRow } from "./rows.ts";
import { streamInfo } from "./rows.ts";
import { findStream, movedExpiry, sameContentType } from "./streams.ts";

type Append = Extract<Operation, { kind: "append" }>;

export function append(operation: Append, draft: Draft, now: number): Verdict {
  const found = findStream(operation.path, draft, now);
  if (found.kind === "refused") return found;
  const { row } = found;
  const known = operation.producer && draft.producer(row.id, operation.producer.id);
  if (closesAgain(operation, row))
    return { kind: "accepted", result: { kind: "appended", stream: streamInfo(row), start: row.head } };
  const reason = refuse(operation, row, known);
  if (reason) return { kind: "refused", reason };
  if (operation.producer) {
    const { id, epoch, seq } = operation.producer;
    draft.putProducer(row.id, id, { epoch, seq });
  }
  if (operation.messages.length > 0) draft.append(row.id, row.head, operation.messages);
  const next = appendedRow(operation, row, draft, now);
  draft.putStream(next);
  return { kind: "accepted", result: { kind: "appended", stream: streamInfo(next), start: row.head } };
}

function closesAgain(operation: Append, row: StreamRow): boolean {
  return row.closed && operation.close === true && operation.messages.length === 0 && !operation.producer;
}

/**
 * The order of the checks is part of the contract: a repeated request gets the answer of the first, also when that one
 * closed the stream, and a fenced producer learns that it is fenced before anything else about the stream.
 */
function refuse(operation: Append, row: StreamRow, known: ProducerRow | undefined): Rejection | undefined {
  const { contentType, producer, streamSeq, expectedHead } = operation;
  if (contentType !== undefined && !sameContentType(contentType, row.contentType))
    return { kind: "content-type-mismatch", stream: streamInfo(row) };
  if (producer && isFenced(known, producer)) return { kind: "producer-fenced", epoch: known.epoch };
  if (producer && isDuplicate(known, producer))
    return { kind: "producer-duplicate", epoch: known.epoch, seq: known.seq, stream: streamInfo(row) };
  if (row.closed) return { kind: "stream-closed", stream: streamInfo(row) };
  const outOfOrder = producer && refuseSequence(known, producer);
  if (outOfOrder) return outOfOrder;
  if (streamSeq !== undefined && row.streamSeq !== undefined && streamSeq <= row.streamSeq)
    return { kind: "stream-seq-regressed", current: row.streamSeq };
  if (expectedHead !== undefined && expectedHead !== row.head)
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
