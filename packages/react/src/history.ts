import { formatOffset } from "@skein/protocol";
import { isTransient, type Client } from "@skein/runtime/client";
import type { Follower, FollowSubscriber } from "./follower.ts";
import {
  appendPage,
  countMissed,
  emptyWindow,
  MAX_WINDOW,
  openWindow,
  pageOf,
  prependPage,
  trimOldSide,
  type LogPage,
  type LogWindow,
} from "./log-window.ts";

/**
 * The window over a session's log that a page shows, and its moves: older, newer, to the end, to a position, and live
 * rows behind it. The cost of opening it does not depend on the length of the history.
 */
export interface History {
  /** Opens at the end, or around a position. Rejects when the log cannot be read. */
  readonly open: (position: number | undefined) => Promise<void>;
  readonly loadOlder: () => void;
  readonly loadNewer: () => void;
  readonly toEnd: () => void;
  readonly toPosition: (position: number) => void;
  /** Whether the reader looks at the end: only then are rows dropped at the other side. */
  readonly setFollowing: (following: boolean) => void;
  readonly close: () => void;
}

export type Paging = "older" | "newer" | undefined;

export interface HistoryOptions {
  readonly client: Client;
  readonly follower: Follower;
  /** The log's stream. */
  readonly stream: string;
  readonly onWindow: (log: LogWindow) => void;
  readonly onPaging: (paging: Paging) => void;
  readonly onFailure: (error: unknown) => void;
  readonly onGone: FollowSubscriber["onGone"];
}

/** Rows of the first read: a screen or two, in any window. */
const TAIL = 80;
const PAGE = 200;

export function createHistory(options: HistoryOptions): History {
  const { client, follower, stream } = options;
  const closed = new AbortController();
  const { signal } = closed;
  let log: LogWindow = { ...emptyWindow, atEnd: false };
  let following = true;
  let paging: Paging;
  let stopFollowing: () => void = () => undefined;

  const show = (next: LogWindow): void => {
    log = next;
    options.onWindow(log);
  };
  const takeLive = (page: LogPage): void => {
    if (!log.atEnd) return show(countMissed(log, page));
    const grown = appendPage(log, page);
    if (following) return show(trimOldSide(grown));
    // Somebody reads further up: what is before their eyes stays, and the end is read again when they go there.
    const full = grown.end - grown.start > MAX_WINDOW + PAGE;
    show(full ? { ...countMissed(log, page), atEnd: false } : grown);
  };
  const follow = (from: number): void => {
    stopFollowing();
    stopFollowing = signal.aborted
      ? () => undefined
      : follower.follow(stream, from, { onBatch: takeLive, onGone: options.onGone });
  };
  const setPaging = (next: Paging): void => {
    paging = next;
    options.onPaging(next);
  };
  /** One at a time; after a failure of the network things are as they were, and scrolling again is the retry. */
  const move = async (kind: "older" | "newer", read: () => Promise<void>): Promise<void> => {
    if (paging !== undefined || signal.aborted) return;
    setPaging(kind);
    try {
      await read();
    } catch (error) {
      if (!signal.aborted && !isTransient(error)) options.onFailure(error);
    } finally {
      setPaging(undefined);
    }
  };
  const read = async (range: { last: number } | { before: number; limit: number }) =>
    client.readStream(stream, "last" in range ? range : { before: formatOffset(range.before), limit: range.limit }, {
      signal,
    });

  const openEnd = async (): Promise<void> => {
    show(openWindow(pageOf(await read({ last: TAIL })), true, log.opening + 1));
    follow(log.end);
  };
  const openAround = async (position: number): Promise<void> => {
    const batch = await read({ before: position + TAIL / 2, limit: TAIL });
    show(openWindow(pageOf(batch), batch.upToDate, log.opening + 1));
    // Live rows behind a window in the past are only counted.
    follow(batch.upToDate ? log.end : pageOf(await read({ last: 1 })).next);
  };

  return {
    open: async (position) => (position === undefined ? openEnd() : openAround(position)),
    loadOlder() {
      if (log.start === 0) return;
      void move("older", async () => show(prependPage(log, pageOf(await read({ before: log.start, limit: PAGE })))));
    },
    loadNewer() {
      if (log.atEnd) return;
      void move("newer", async () => {
        const batch = await read({ before: log.end + PAGE, limit: PAGE });
        const grown = trimOldSide(appendPage(log, pageOf(batch)));
        show(batch.upToDate ? { ...grown, atEnd: true, missed: 0 } : grown);
        if (batch.upToDate) follow(log.end);
      });
    },
    toEnd() {
      if (!log.atEnd) void move("newer", openEnd);
    },
    toPosition(position) {
      // Not before the log was opened: it opens there by itself.
      const shown = position >= log.start && position < log.end;
      if (log.end > 0 && !shown) void move("older", async () => openAround(position));
    },
    setFollowing(value) {
      following = value;
    },
    close() {
      closed.abort();
      stopFollowing();
    },
  };
}
