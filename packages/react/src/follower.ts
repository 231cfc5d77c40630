import { DIRECTORY_STREAM, formatOffset } from "@skein/protocol";
import { createBackoff, isTransient, type Transport } from "@skein/runtime/client";
import { createConnection, type ConnectionStore } from "./connection.ts";
import type { Environment } from "./environment.ts";
import { connect, type FollowMessage } from "./follow-connection.ts";
import type { LogPage } from "./log-window.ts";

/**
 * Follows any number of streams over one connection, for as long as somebody wants them.
 *
 * Invariants: a subscriber gets every message behind its position once and in order; after a broken connection it goes
 * on where it was; `connection` says `live` only while the server is known to be there and every stream is up to date.
 */
export interface Follower {
  readonly connection: ConnectionStore;
  /** Ends with the answer's call. A stream that is not there yet is waited for. */
  readonly follow: (path: string, from: number, subscriber: FollowSubscriber) => () => void;
  /** Connects while it is open; the answer closes it. It may be opened again. */
  readonly open: () => () => void;
}

export interface FollowSubscriber {
  readonly onBatch: (page: LogPage) => void;
  /** Ended: messages behind the position are lost (`stream_gone`), or they may not be read. */
  readonly onGone: (code: string) => GoneAnswer;
}

/** `follow-anew`: from the beginning of what is, or will be, at the path then. */
export type GoneAnswer = "follow-anew" | "leave";

/** Follow from the oldest message that is there: an ephemeral stream does not begin at zero. */
export const BEGINNING = -1;

interface Followed {
  readonly path: string;
  readonly subscriber: FollowSubscriber;
  position: number;
  /** Ephemeral streams need not be there, so they are up to date unless the server says otherwise. */
  readonly durable: boolean;
  caughtUp: boolean;
}

/** What is mended this quickly is not worth a word: the server ends a connection now and then, and is asked again. */
const GRACE_MS = 1_500;
const GATHER_MS = 10;

export function createFollower(transport: Transport, environment: Environment): Follower {
  const connection = createConnection();
  const followed = new Set<Followed>();
  const backoff = createBackoff({ clock: environment, minMs: 200, maxMs: 5_000 });
  /** Aborted when the connection in use no longer fits: other streams, network lost or back, page hidden or shown. */
  let current = new AbortController();
  let opened = false;
  let offlineSince: number | undefined;

  const isBehind = (): boolean => [...followed].some((entry) => !entry.caughtUp);
  const report = (): void => {
    if (offlineSince !== undefined) return;
    if (!isBehind()) return connection.set({ kind: "live" });
    const tell = (): void => {
      if (offlineSince === undefined && isBehind()) connection.set({ kind: "catching-up" });
    };
    if (connection.get().kind === "live") environment.after(GRACE_MS / 3, tell);
    else tell();
  };
  const lost = (): void => {
    if (offlineSince !== undefined) return;
    const since = environment.now();
    offlineSince = since;
    const tell = (): void => {
      if (offlineSince === since) connection.set({ kind: "offline", since });
    };
    if (environment.awake.get()) environment.after(GRACE_MS, tell);
    else tell();
  };
  const found = (): void => {
    offlineSince = undefined;
    report();
  };
  const take = (message: FollowMessage): void => {
    backoff.reset();
    for (const entry of [...followed].filter(({ path }) => path === message.stream)) {
      if (message.kind === "batch") takeBatch(entry, message);
      else if (entry.subscriber.onGone(message.code) === "follow-anew") entry.position = BEGINNING;
      else followed.delete(entry);
    }
    report();
  };

  const once = async (signal: AbortSignal): Promise<"again" | "denied"> => {
    if (!environment.awake.get()) {
      lost();
      await untilAborted(signal); // Waking up makes a new connection, as every change does.
      return "again";
    }
    try {
      for (const entry of followed) entry.caughtUp = !entry.durable;
      const streams = [...followed].map(({ path, position }) => `${path}@${wireOffset(position)}`);
      await connect({ transport, environment, streams, signal, onOpen: found, onMessage: take });
    } catch (error) {
      if (signal.aborted) return "again";
      if (!isTransient(error)) return "denied";
    }
    if (signal.aborted) return "again";
    lost();
    await backoff.wait(signal);
    return "again";
  };

  let running = false;
  const run = async (): Promise<void> => {
    for (;;) {
      if (!opened || followed.size === 0) return;
      current = new AbortController();
      if ((await once(current.signal)) === "again") continue;
      connection.set({ kind: "denied" });
      return;
    }
  };
  let queued = false;
  /** Several changes in a row, as when a page opens, make one new connection. */
  const restart = (): void => {
    if (queued) return;
    queued = true;
    environment.after(GATHER_MS, () => {
      queued = false;
      current.abort();
      if (running) return;
      running = true;
      void run().finally(() => {
        running = false;
        // Somebody may have come while it was ending.
        if (opened && followed.size > 0 && connection.get().kind !== "denied") restart();
      });
    });
  };

  return {
    connection,
    follow(path, from, subscriber) {
      const durable = from !== BEGINNING && path !== DIRECTORY_STREAM;
      const entry: Followed = { path, subscriber, position: from, durable, caughtUp: !durable };
      followed.add(entry);
      report();
      restart();
      return () => {
        if (followed.delete(entry)) restart();
      };
    },
    open() {
      opened = true;
      const stop = environment.awake.subscribe(restart);
      restart();
      return () => {
        stop();
        opened = false;
        current.abort();
      };
    },
  };
}

function takeBatch(entry: Followed, { events, next, upToDate }: Extract<FollowMessage, { kind: "batch" }>): void {
  const start = next - events.length;
  if (next < entry.position) return;
  // Another reader of the same stream is ahead of this one: its own messages are still to come.
  if (start > entry.position && entry.position !== BEGINNING) return;
  const fresh = entry.position === BEGINNING ? events : events.slice(entry.position - start);
  entry.position = next;
  entry.caughtUp = upToDate;
  if (fresh.length > 0) entry.subscriber.onBatch({ start: next - fresh.length, next, events: fresh });
}

function wireOffset(position: number): string {
  return position === BEGINNING ? "-1" : formatOffset(position);
}

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
