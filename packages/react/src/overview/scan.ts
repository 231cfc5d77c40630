import { formatOffset, SkeinError } from "@skein/protocol";
import { createBackoff, isChangeEvent, isTransient, type Client, type StreamEvent } from "@skein/runtime/client";
import {
  codingSessionInfoRow,
  codingSessionTranscriptRow,
  SESSION_INFO_EVENT,
  TRANSCRIPT_EVENT,
  type CodingSessionInfoRow,
  type TranscriptEventType,
} from "@skein/sessions";
import type { Environment } from "../environment.ts";
import { createExternal, type External } from "../external.ts";
import type { Follower } from "../follower.ts";
import { pageOf, type LogPage, type LogRow } from "../log-window.ts";
import { createOverviewFold } from "./fold.ts";
import type { Overview } from "./overview.ts";

/** The overview of a session, as far as its log has been read. */
export interface OverviewView {
  readonly overview: Overview;
  /** Messages of the log that have been read, and how many there are. */
  readonly scanned: number;
  readonly total: number;
  readonly failure: string | undefined;
}

export interface OverviewScan {
  readonly view: External<OverviewView>;
  readonly close: () => void;
}

export interface OverviewScanOptions {
  readonly client: Pick<Client, "readStream">;
  readonly follower: Follower;
  readonly environment: Environment;
  /** The session's log. */
  readonly stream: string;
}

/** Messages of one read: large enough for few requests, small enough not to hold up the page. */
const PAGE = 400;

/** Rows that an overview is made of; the words of a transcript are not looked at. */
const READ: ReadonlySet<string> = new Set<TranscriptEventType>([
  "user_message",
  "tool_call",
  "tool_result",
  "file_change",
  "turn_complete",
  "turn_aborted",
]);

/**
 * Reads a whole log in bounded pages, oldest first, keeps nothing of it but the overview, and then goes on with what
 * arrives.
 */
export function createOverviewScan({ client, follower, environment, stream }: OverviewScanOptions): OverviewScan {
  const closed = new AbortController();
  const { signal } = closed;
  const fold = createOverviewFold();
  let info: CodingSessionInfoRow | undefined;
  let scanned = 0;
  let total = 0;
  let failure: string | undefined;
  let painting = false;
  const current = (): OverviewView => ({ overview: { ...fold.overview(), info }, scanned, total, failure });
  const view = createExternal(current());
  const change = (): void => {
    if (painting || signal.aborted) return;
    painting = true;
    environment.beforePaint(() => {
      painting = false;
      if (!signal.aborted) view.set(current());
    });
  };
  const take = (page: LogPage): void => {
    const fresh = page.events.slice(Math.max(0, scanned - page.start));
    const start = page.next - fresh.length;
    fold.add(rowsOf(fresh, start));
    info = lastInfo(fresh) ?? info;
    scanned = Math.max(scanned, page.next);
    total = Math.max(total, scanned);
    change();
  };
  const scan = async (): Promise<void> => {
    total = pageOf(await client.readStream(stream, { last: 1 }, { signal })).next;
    for (let from = scanned; from < total && !signal.aborted; from += PAGE) {
      for (const page of await readRange(client, stream, from, Math.min(from + PAGE, total), signal)) take(page);
    }
    if (signal.aborted) return;
    const stop = follower.follow(stream, scanned, { onBatch: take, onGone: () => "leave" });
    signal.addEventListener("abort", stop, { once: true });
  };
  void untilRead(scan, environment, signal, (message) => {
    failure = message;
    change();
  });
  return { view, close: () => closed.abort() };
}

async function untilRead(
  scan: () => Promise<void>,
  environment: Environment,
  signal: AbortSignal,
  onFailure: (message: string | undefined) => void,
): Promise<void> {
  const backoff = createBackoff({ clock: environment });
  while (!signal.aborted) {
    try {
      onFailure(undefined);
      return await scan();
    } catch (error) {
      if (signal.aborted) return;
      // A session that is being made has no history yet.
      const fresh = error instanceof SkeinError && error.code === "not_found";
      if (!fresh) onFailure(error instanceof Error ? error.message : String(error));
      if (!fresh && !isTransient(error)) return;
      await backoff.wait(signal);
    }
  }
}

/**
 * The messages from one position up to another. A read gives at most so many bytes, counted from its end: when large
 * rows are among them, the front of the range takes another one.
 */
export async function readRange(
  client: Pick<Client, "readStream">,
  stream: string,
  from: number,
  to: number,
  signal: AbortSignal,
): Promise<readonly LogPage[]> {
  const pages: LogPage[] = [];
  let end = to;
  while (end > from) {
    const page = pageOf(await client.readStream(stream, { before: formatOffset(end), limit: end - from }, { signal }));
    // Nothing more is there: the log was cut since.
    if (page.events.length === 0 || page.start >= end) break;
    pages.unshift(page);
    end = page.start;
  }
  return pages;
}

function rowsOf(events: readonly StreamEvent[], start: number): LogRow[] {
  const rows: LogRow[] = [];
  for (const [index, event] of events.entries()) {
    if (!isChangeEvent(event) || event.type !== TRANSCRIPT_EVENT || event.headers.operation === "delete") continue;
    if (!READ.has(typeOf(event.value))) continue;
    const row = codingSessionTranscriptRow.safeParse(event.value);
    if (row.success) rows.push({ position: start + index, row: row.data });
  }
  return rows;
}

function typeOf(value: unknown): string {
  const found = typeof value === "object" && value !== null && "type" in value ? value.type : "";
  return typeof found === "string" ? found : "";
}

function lastInfo(events: readonly StreamEvent[]): CodingSessionInfoRow | undefined {
  for (const event of events.toReversed()) {
    if (!isChangeEvent(event) || event.type !== SESSION_INFO_EVENT) continue;
    const parsed = codingSessionInfoRow.safeParse(event.value);
    if (parsed.success) return parsed.data;
  }
  return undefined;
}
