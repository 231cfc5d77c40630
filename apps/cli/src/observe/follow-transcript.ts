import { SkeinError } from "@skein/protocol";
import {
  isChangeEvent,
  type Client,
  type ConnectionState,
  type StreamBatch,
  type StreamEvent,
} from "@skein/runtime/client";
import {
  codingSessionDelta,
  codingSessionTranscriptRow,
  DELTA_EVENT,
  sessionStreams,
  TRANSCRIPT_EVENT,
  type CodingSessionDelta,
  type CodingSessionTranscriptRow,
} from "@skein/sessions";

export interface TranscriptSink {
  row(row: CodingSessionTranscriptRow): void;
  delta(delta: CodingSessionDelta): void;
  /** Everything that was there at the beginning has been given. */
  caughtUp(): void;
}

export interface TranscriptFollow {
  readonly sessionId: string;
  /** Begin with the newest so many rows; absent: with the first. */
  readonly last?: number;
  readonly signal: AbortSignal;
  readonly onState?: (state: ConnectionState) => void;
}

/** How long a session that was just made may take to have a history. */
const HISTORY_APPEARS_MS = 15_000;

/**
 * Follows a session's history and, while turns run, its deltas, until the signal aborts. Deltas are read from the
 * moment on at which the history is caught up, so that nothing is shown in front of what it follows.
 */
export async function followTranscript(client: Client, options: TranscriptFollow, sink: TranscriptSink): Promise<void> {
  const streams = sessionStreams(options.sessionId);
  const stop = new AbortController();
  const signal = AbortSignal.any([options.signal, stop.signal]);
  const turns = createTurnSignal();
  let deltas: Promise<unknown> | undefined;
  const batches = client.followStream({
    path: streams.main,
    signal,
    missingMs: HISTORY_APPEARS_MS,
    ...(options.last === undefined ? {} : { last: options.last }),
    ...(options.onState === undefined ? {} : { onState: options.onState }),
  });
  try {
    for await (const batch of batches) {
      for (const row of rowsOf(batch)) {
        sink.row(row);
        if (row.payload.type === "user_message") turns.notify();
      }
      if (!batch.upToDate || deltas !== undefined) continue;
      sink.caughtUp();
      // What goes wrong there ends the whole: the error is given on when the history has been let go.
      deltas = followDeltas(client, streams.live, turns, signal, sink).catch((error: unknown) => {
        stop.abort();
        return { error };
      });
    }
  } finally {
    stop.abort();
  }
  const failed = await deltas;
  if (typeof failed === "object" && failed !== null && "error" in failed) throw failed.error;
}

/** How long after a prompt the stream of deltas may take to come to be. */
const LIVE_APPEARS_MS = 30_000;

/** The stream of deltas is there only around turns: follow it while it is, then wait for the next prompt. */
async function followDeltas(
  client: Client,
  path: string,
  turns: TurnSignal,
  signal: AbortSignal,
  sink: TranscriptSink,
): Promise<void> {
  let missingMs = 0;
  while (!signal.aborted) {
    const turn = turns.next(signal);
    try {
      for await (const batch of client.followStream({ path, signal, missingMs })) {
        for (const delta of deltasOf(batch)) sink.delta(delta);
      }
    } catch (error) {
      const over = error instanceof SkeinError && (error.code === "not_found" || error.code === "stream_gone");
      if (!over) throw error;
    }
    await turn;
    missingMs = LIVE_APPEARS_MS;
  }
}

function rowsOf(batch: StreamBatch): CodingSessionTranscriptRow[] {
  return batch.events.flatMap((event) => {
    const parsed = codingSessionTranscriptRow.safeParse(valueOf(event, TRANSCRIPT_EVENT));
    return parsed.success ? [parsed.data] : [];
  });
}

function deltasOf(batch: StreamBatch): CodingSessionDelta[] {
  return batch.events.flatMap((event) => {
    const parsed = codingSessionDelta.safeParse(valueOf(event, DELTA_EVENT));
    return parsed.success ? [parsed.data] : [];
  });
}

function valueOf(event: StreamEvent, type: string): unknown {
  return isChangeEvent(event) && event.type === type ? event.value : undefined;
}

interface TurnSignal {
  notify(): void;
  /** Resolves at the next `notify`, or when the signal aborts. */
  next(signal: AbortSignal): Promise<void>;
}

function createTurnSignal(): TurnSignal {
  let waiting: (() => void)[] = [];
  return {
    notify() {
      const called = waiting;
      waiting = [];
      for (const call of called) call();
    },
    next: (signal) =>
      new Promise((resolve) => {
        if (signal.aborted) return resolve();
        waiting.push(resolve);
        signal.addEventListener("abort", () => resolve(), { once: true });
      }),
  };
}
