import { SkeinError } from "@skein/protocol";
import type { Client } from "@skein/runtime/client";
import { sessionStreams } from "@skein/sessions";
import { feedCoder } from "./coder-feed.ts";
import { emptyCoder } from "./coder-state.ts";
import type { Environment } from "./environment.ts";
import type { External } from "./external.ts";
import { BEGINNING, type Follower } from "./follower.ts";
import { createHistory, type History } from "./history.ts";
import { applyDeltas, emptyLive, readDeltas, settle } from "./live-deltas.ts";
import { emptyWindow } from "./log-window.ts";
import { createOutbox, type Outbox } from "./outbox.ts";
import { failure, goneFor, untilOpen } from "./session-opening.ts";
import type { SessionView } from "./session-view.ts";
import { createSessionView } from "./view-per-frame.ts";

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
    send: async ({ text, type, attachments, idempotencyKey }) => {
      if (coderUrl === undefined) throw new SkeinError("unavailable", "the session is still being opened");
      const payload = attachments.length === 0 ? { text } : { text, attachments };
      return client.send(coderUrl, { type, payload, idempotencyKey });
    },
  });
  const { view, change, parts } = createSessionView(environment, {
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
