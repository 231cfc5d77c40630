import { PREFIX, sharedSession, SkeinError, type SharedSession } from "@skein/protocol";
import { isTransient, type Client } from "@skein/runtime/client";
import { sessionStreams } from "@skein/sessions";
import { emptyCoder, type CoderState } from "./coder-state.ts";
import type { Environment } from "./environment.ts";
import { createExternal, type External } from "./external.ts";
import { BEGINNING, type Follower } from "./follower.ts";
import { createHistory, type History } from "./history.ts";
import { applyDeltas, emptyLive, readDeltas, settle } from "./live-deltas.ts";
import { emptyWindow } from "./log-window.ts";
import { failure, goneFor, untilOpen } from "./session-opening.ts";
import type { SessionView } from "./session-view.ts";
import { createSessionView } from "./view-per-frame.ts";

/** A session as a guest sees it: history and deltas. The coder's own stream is not theirs. */
export interface GuestStore extends Omit<History, "open"> {
  readonly view: External<SessionView>;
  readonly shared: External<SharedSession | undefined>;
}

export interface GuestStoreOptions {
  /** With the share's token. */
  readonly client: Client;
  readonly follower: Follower;
  readonly environment: Environment;
}

/** How often the session is asked for its title and status, which no stream of the guest's tells: soon after news. */
const ASK_MS = 15_000;
const SOON_MS = 300;
const SETTLE_ROWS = 400;

export function createGuestStore({ client, follower, environment }: GuestStoreOptions): GuestStore {
  const closed = new AbortController();
  const { signal } = closed;
  const shared = createExternal<SharedSession | undefined>(undefined);
  let history: History | undefined;
  let cancelAsk = (): void => undefined;
  let soon = false;
  const { view, change, parts } = createSessionView(environment, {
    phase: { kind: "loading" },
    session: undefined,
    log: emptyWindow,
    live: emptyLive,
    coder: emptyCoder,
    outgoing: [],
    loading: undefined,
  });

  const ask = async (): Promise<SharedSession> => {
    const known = await client.transport.json(sharedSession, "GET", `${PREFIX}/shares/self`, { signal });
    shared.set(known);
    change({ coder: coderOf(known) });
    return known;
  };
  const askLater = (ms = ASK_MS): void => {
    cancelAsk();
    if (signal.aborted) return;
    cancelAsk = environment.after(ms, () => {
      soon = false;
      ask().then(
        () => (soon ? undefined : askLater()),
        (error: unknown) => {
          if (signal.aborted) return;
          if (isTransient(error)) return askLater();
          change({ phase: failure(error) });
        },
      );
    });
  };
  const askSoon = (): void => {
    if (soon) return;
    soon = true;
    askLater(SOON_MS);
  };
  const open = async (): Promise<void> => {
    const { session } = await ask();
    const streams = sessionStreams(session.id);
    history?.close();
    history = createHistory({
      client,
      follower,
      stream: streams.main,
      onWindow(log) {
        change({ phase: { kind: "ready" }, log, live: settle(parts().live, log.rows.slice(-SETTLE_ROWS)) });
        askSoon();
      },
      onPaging: (loading) => change({ loading }),
      onFailure: (error) => change({ phase: failure(error) }),
      onGone(code) {
        change({ phase: goneFor(code) });
        return "leave";
      },
    });
    await history.open(undefined);
    if (signal.aborted) return history.close();
    const stop = follower.follow(streams.live, BEGINNING, {
      onBatch: ({ events }) => change({ live: applyDeltas(parts().live, readDeltas(events)) }),
      onGone: (code) => (code === "stream_gone" ? "follow-anew" : "leave"),
    });
    signal.addEventListener("abort", stop, { once: true });
  };
  const onFailure = (error: unknown): void => change({ phase: failure(ended(error)) });
  void untilOpen({ environment, signal, freshMs: () => 0, onFailure }, open);

  return {
    view,
    shared,
    loadOlder: () => history?.loadOlder(),
    loadNewer: () => history?.loadNewer(),
    toEnd: () => history?.toEnd(),
    toPosition: (position) => history?.toPosition(position),
    setFollowing: (following) => history?.setFollowing(following),
    close() {
      closed.abort();
      cancelAsk();
      history?.close();
    },
  };
}

/** A link that has ended and one that never was look the same. */
function ended(error: unknown): unknown {
  return error instanceof SkeinError && error.code === "unauthorized"
    ? new SkeinError("session_not_found", error.message)
    : error;
}

function coderOf({ session: { status, statusSince } }: SharedSession): CoderState {
  if (status === "killed") return { ...emptyCoder, ended: { status, reason: undefined } };
  return { ...emptyCoder, run: { key: "current", status, since: statusSince } };
}
