import { SkeinError, type ErrorCode } from "@skein/protocol";
import { createBackoff, isTransient, type Client } from "@skein/runtime/client";
import { sessionStreams } from "@skein/sessions";
import { feedCoder } from "./coder-feed.ts";
import { emptyCoder } from "./coder-state.ts";
import type { Environment } from "./environment.ts";
import { createExternal, type External } from "./external.ts";
import { BEGINNING, type Follower } from "./follower.ts";
import { createHistory, type History } from "./history.ts";
import { applyDeltas, emptyLive, readDeltas, settle } from "./live-deltas.ts";
import { emptyWindow } from "./log-window.ts";
import { createOutbox, type Outbox } from "./outbox.ts";
import { sessionView, type SessionParts, type SessionPhase, type SessionView } from "./session-view.ts";

/** One session as a page follows it: its history, its deltas, its coder's queue, and the prompts on their way. */
export interface SessionStore extends Omit<History, "open"> {
  readonly view: External<SessionView>;
  readonly outbox: Outbox;
}

export interface SessionStoreOptions {
  readonly client: Client;
  readonly follower: Follower;
  readonly environment: Environment;
  readonly sessionId: string;
  /** Open here and not at the end. */
  readonly position?: number | undefined;
}

/** For how long a session that is being made may not be there yet: unknown, and known but without a history. */
const FRESH_MS = 3_000;
const FRESH_HISTORY_MS = 60_000;
/** Rows whose deltas may still be on the way. */
const SETTLE_ROWS = 400;

export function createSessionStore(options: SessionStoreOptions): SessionStore {
  const { client, follower, environment, sessionId } = options;
  const closed = new AbortController();
  const { signal } = closed;
  let coderUrl: string | undefined;
  const outbox = createOutbox({
    name: `skein:outbox:${sessionId}`,
    environment,
    send: async ({ text, idempotencyKey }) => {
      if (coderUrl === undefined) throw new SkeinError("unavailable", "the session is still being opened");
      return client.send(coderUrl, { type: "prompt", payload: { text }, idempotencyKey });
    },
  });
  const { view, change, parts } = createView(environment, {
    phase: { kind: "loading" },
    session: undefined,
    log: emptyWindow,
    live: emptyLive,
    coder: emptyCoder,
    outgoing: outbox.entries.get(),
    loading: undefined,
  });
  const history = createHistory({
    client,
    follower,
    stream: sessionStreams(sessionId).main,
    onWindow: (log) =>
      change({ phase: { kind: "ready" }, log, live: settle(parts().live, log.rows.slice(-SETTLE_ROWS)) }),
    onPaging: (loading) => change({ loading }),
    onFailure: (error) => change({ phase: failure(error) }),
    onGone(code) {
      change({ phase: goneFor(code) });
      return "leave";
    },
  });

  const openCoder = async (): Promise<void> => {
    const session = await client.getSession(sessionId, { signal });
    coderUrl = session.coder;
    change({ session });
    await feedCoder({
      client,
      follower,
      coderUrl,
      signal,
      onState(coder, position) {
        change({ coder });
        outbox.seen(position);
      },
    });
  };
  const openDeltas = (): void => {
    if (signal.aborted) return;
    const stop = follower.follow(sessionStreams(sessionId).live, BEGINNING, {
      onBatch: ({ events }) => change({ live: applyDeltas(parts().live, readDeltas(events)) }),
      // Deltas live for a while only: the next turn's are a new stream.
      onGone: (code) => (code === "stream_gone" ? "follow-anew" : "leave"),
    });
    signal.addEventListener("abort", stop, { once: true });
  };
  const opening = { environment, signal, onFailure: (error: unknown) => change({ phase: failure(error) }) };
  const freshMs = (): number => (parts().session === undefined ? FRESH_MS : FRESH_HISTORY_MS);
  void untilOpen({ ...opening, freshMs }, async () => history.open(options.position)).then(openDeltas);
  void untilOpen({ ...opening, freshMs: () => FRESH_MS }, openCoder);
  const stopOutbox = outbox.entries.subscribe(() => change({ outgoing: outbox.entries.get() }));

  return {
    ...history,
    view,
    outbox,
    close() {
      closed.abort();
      history.close();
      stopOutbox();
      outbox.close();
    },
  };
}

/** However many batches arrive, the view is made at most once per frame. */
function createView(environment: Environment, initial: SessionParts) {
  let parts = initial;
  let painting = false;
  const view = createExternal<SessionView>(sessionView(parts, undefined));
  const change = (next: Partial<SessionParts>): void => {
    parts = { ...parts, ...next };
    if (painting) return;
    painting = true;
    environment.beforePaint(() => {
      painting = false;
      view.set(sessionView(parts, view.get()));
    });
  };
  return { view, change, parts: () => parts };
}

interface Opening {
  readonly environment: Environment;
  readonly signal: AbortSignal;
  readonly onFailure: (error: unknown) => void;
  readonly freshMs: () => number;
}

/** Tries again while the server cannot be reached, and for a while when the session is only being made. */
async function untilOpen(
  { environment, signal, onFailure, freshMs }: Opening,
  open: () => Promise<void>,
): Promise<void> {
  const backoff = createBackoff({ clock: environment, minMs: 150, maxMs: 5_000 });
  const begun = environment.now();
  while (!signal.aborted) {
    try {
      return await open();
    } catch (error) {
      if (signal.aborted) return;
      const missing = error instanceof SkeinError && MISSING.has(error.code);
      const fresh = missing && environment.now() - begun < freshMs();
      if (!isTransient(error) && !fresh) return onFailure(error);
      await backoff.wait(signal);
    }
  }
}

const MISSING: ReadonlySet<string> = new Set<ErrorCode>(["not_found", "session_not_found", "stream_gone"]);
const DENIED: ReadonlySet<string> = new Set<ErrorCode>(["unauthorized", "forbidden"]);

function goneFor(code: string): SessionPhase {
  return { kind: MISSING.has(code) ? "missing" : "denied" };
}

function failure(error: unknown): SessionPhase {
  if (error instanceof SkeinError && MISSING.has(error.code)) return { kind: "missing" };
  if (error instanceof SkeinError && DENIED.has(error.code)) return { kind: "denied" };
  return { kind: "failed", message: error instanceof Error ? error.message : String(error) };
}
