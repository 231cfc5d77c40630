import type { ChangeEvent } from "@skein/protocol";
import { TRANSCRIPT_EVENT, type CodingSessionTranscriptRow, type TranscriptEvent } from "@skein/sessions";
import type { LogPage, LogRow } from "../log-window.ts";

export function transcriptRow(
  key: string,
  payload: TranscriptEvent,
  more: Partial<CodingSessionTranscriptRow> = {},
): CodingSessionTranscriptRow {
  return { key, ts: 1, type: payload.type, payload, ...more };
}

export function says(key: string, text = key, more: Partial<CodingSessionTranscriptRow> = {}) {
  return transcriptRow(key, { v: 1, type: "assistant_message", text }, more);
}

export function insert(type: string, key: string, value: unknown): ChangeEvent {
  return { type, key, value, headers: { operation: "insert" } };
}

/** A page of the log that holds these rows from `start`. */
export function page(start: number, ...rows: readonly CodingSessionTranscriptRow[]): LogPage {
  const events = rows.map((row) => insert(TRANSCRIPT_EVENT, row.key, row));
  return { start, next: start + rows.length, events };
}

export function logRows(...rows: readonly CodingSessionTranscriptRow[]): LogRow[] {
  return rows.map((row, position) => ({ position, row }));
}
