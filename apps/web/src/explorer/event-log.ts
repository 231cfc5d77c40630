import { createFold, isChangeEvent, type StreamEvent } from "@skein/runtime/client";

/** A contiguous run of a stream's messages, and what is known of both of its ends. */
export interface EventLog {
  /** Position of the first event. */
  readonly start: number;
  readonly events: readonly StreamEvent[];
}

/** Whoever builds on Skein looks at the last of it; what is older is read again. */
export const MAX_EVENTS = 5_000;

/** Events that came behind. The oldest go when there are too many. */
export function appended(log: EventLog, events: readonly StreamEvent[]): EventLog {
  const all = [...log.events, ...events];
  const dropped = Math.max(0, all.length - MAX_EVENTS);
  return { start: log.start + dropped, events: all.slice(dropped) };
}

/** The page in front of it, as much as fits. */
export function prepended(log: EventLog, events: readonly StreamEvent[]): EventLog {
  const fitting = events.slice(Math.max(0, events.length - (MAX_EVENTS - log.events.length)));
  return { start: log.start - fitting.length, events: [...fitting, ...log.events] };
}

/** Rows of one event type, as they were at a moment. */
export interface FoldedCollection {
  readonly type: string;
  readonly rows: readonly { readonly key: string; readonly value: unknown; readonly position: number }[];
}

/** The collections that the log's events make up to a position (the number of messages in front of it). */
export function collectionsAt(log: EventLog, position: number): readonly FoldedCollection[] {
  const fold = createFold();
  fold.apply(log.events.slice(0, Math.max(0, position - log.start)), log.start);
  return fold
    .types()
    .map((type) => ({ type, rows: [...fold.rows(type).entries()] }))
    .filter(({ rows }) => rows.length > 0)
    .sort((a, b) => (a.type < b.type ? -1 : 1));
}

/** What an event is about, for its line. */
export function eventSummary(event: StreamEvent): { readonly operation: string; readonly what: string } {
  if (isChangeEvent(event)) return { operation: event.headers.operation, what: `${event.type} ${event.key}` };
  const { control } = event.headers;
  // Not of the state protocol: any JSON may stand in a stream.
  return control === "unrecognised" ? { operation: "message", what: "" } : { operation: control, what: "" };
}

/** A stream's path from what a person wrote: an entity's URL means its own stream. */
export function streamPath(text: string): string | undefined {
  const path = `/${text
    .trim()
    .replace(/^[a-z]+:\/\/[^/]+/i, "")
    .replace(/^\/+|\/+$/g, "")}`;
  if (!/^(\/[A-Za-z0-9._~-]+)+$/.test(path) || path.length > 1_000) return undefined;
  return /^\/[a-z][a-z0-9_-]*\/[^/]+$/.test(path) ? `${path}/main` : path;
}
