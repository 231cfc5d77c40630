import type { ChangeEvent } from "@skein/protocol";
import { isChangeEvent, positionOf, type StreamBatch, type StreamEvent } from "@skein/runtime/client";
import { codingSessionTranscriptRow, TRANSCRIPT_EVENT, type CodingSessionTranscriptRow } from "@skein/sessions";

/**
 * A window over a session's log: a contiguous range of positions and the transcript rows in it. Pure.
 *
 * Invariants: rows are ordered by position; a key is there once (its first insertion in the range wins); `start` and
 * `end` are the positions of the first message covered and behind the last; while `atEnd`, live batches extend it.
 */
export interface LogRow {
  readonly position: number;
  readonly row: CodingSessionTranscriptRow;
}

export interface LogWindow {
  readonly rows: readonly LogRow[];
  readonly start: number;
  readonly end: number;
  /** False after newer rows were dropped to stay bounded: then live rows only count as `missed`. */
  readonly atEnd: boolean;
  /** Transcript rows that arrived behind a window that is not at the end. */
  readonly missed: number;
  /** Another number when the window was opened somewhere else: it does not continue what was shown before. */
  readonly opening: number;
}

/** One read of the log: `events[i]` stands at `start + i`. */
export interface LogPage {
  readonly start: number;
  readonly next: number;
  readonly events: readonly StreamEvent[];
}

/** At most this many messages are held; a phone shows about ten at a time. */
export const MAX_WINDOW = 2000;

export const emptyWindow: LogWindow = openWindow({ start: 0, next: 0, events: [] }, true, 0);

export function pageOf(batch: Pick<StreamBatch, "start" | "offset" | "events">): LogPage {
  return { start: positionOf(batch.start), next: positionOf(batch.offset), events: batch.events };
}

export function openWindow(page: LogPage, atEnd: boolean, opening: number): LogWindow {
  return { rows: distinct(rowsOf(page)), start: page.start, end: page.next, atEnd, missed: 0, opening };
}

/** Adds the page in front of the window. What would make it too large is dropped at the newer side. */
export function prependPage(window: LogWindow, page: LogPage): LogWindow {
  if (page.next !== window.start) return window;
  const rows = distinct([...rowsOf(page), ...window.rows]);
  return boundedAtNewSide({ ...window, rows, start: page.start });
}

/** Adds messages behind the window, live or paged. Those it has already are skipped; a gap is not bridged. */
export function appendPage(window: LogWindow, page: LogPage): LogWindow {
  if (page.next <= window.end) return window;
  if (page.start > window.end) return { ...window, missed: window.missed + rowsOf(page).length };
  const fresh = rowsOf(page).filter((entry) => entry.position >= window.end);
  const known = new Set(window.rows.map((entry) => entry.row.key));
  const rows = fresh.filter((entry) => !known.has(entry.row.key));
  return { ...window, rows: rows.length === 0 ? window.rows : distinct([...window.rows, ...rows]), end: page.next };
}

/** A live batch behind a window that does not reach the end. */
export function countMissed(window: LogWindow, page: LogPage): LogWindow {
  const missed = rowsOf(page).length;
  return missed === 0 ? window : { ...window, missed: window.missed + missed };
}

/** Drops the oldest messages of a window that grew at the end. */
export function trimOldSide(window: LogWindow, max = MAX_WINDOW): LogWindow {
  if (window.end - window.start <= max) return window;
  const start = window.end - max;
  return { ...window, start, rows: window.rows.filter((entry) => entry.position >= start) };
}

function boundedAtNewSide(window: LogWindow, max = MAX_WINDOW): LogWindow {
  if (window.end - window.start <= max) return window;
  const end = window.start + max;
  const rows = window.rows.filter((entry) => entry.position < end);
  return { ...window, rows, end, atEnd: false, missed: window.missed + window.rows.length - rows.length };
}

function rowsOf(page: LogPage): LogRow[] {
  const rows: LogRow[] = [];
  for (const [index, event] of page.events.entries()) {
    if (!isChangeEvent(event) || event.type !== TRANSCRIPT_EVENT) continue;
    if (event.headers.operation === "delete") continue;
    rows.push({ position: page.start + index, row: readRow(event) });
  }
  return rows;
}

/** A row that a newer or foreign writer made is kept and shown as it is, never dropped. */
function readRow(event: ChangeEvent): CodingSessionTranscriptRow {
  const parsed = codingSessionTranscriptRow.safeParse(event.value);
  if (parsed.success) return parsed.data.key === event.key ? parsed.data : { ...parsed.data, key: event.key };
  return {
    key: event.key,
    ts: Date.parse(event.headers.timestamp ?? "") || 0,
    type: "unknown",
    payload: { v: 1, type: "unknown", agent: "", raw: event.value },
  };
}

function distinct(rows: readonly LogRow[]): readonly LogRow[] {
  const seen = new Set<string>();
  return rows.filter((entry) => {
    if (seen.has(entry.row.key)) return false;
    seen.add(entry.row.key);
    return true;
  });
}
