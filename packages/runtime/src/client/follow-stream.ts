import { SkeinError } from "@skein/protocol";
import { createBackoff } from "./backoff.ts";
import type { Clock } from "./clock.ts";
import type { StreamBatch } from "./read-stream.ts";
import { readStream } from "./read-stream.ts";
import { longPollStream, tailStream } from "./tail-stream.ts";
import type { Transport } from "./transport.ts";
import { isTransient } from "./transport.ts";

/** What can honestly be said about how fresh the rows are. */
export type ConnectionState =
  | { readonly kind: "catching-up" }
  | { readonly kind: "live" }
  /** No contact since then (milliseconds); it is being tried again. */
  | { readonly kind: "offline"; readonly since: number; readonly error: SkeinError }
  /** Ended: aborted, the stream is closed, or an error that was thrown to the reader. */
  | { readonly kind: "ended" };

export interface FollowOptions {
  readonly path: string;
  /** Where to begin: an offset, or the newest `last` messages. Default: the first message that is still there. */
  readonly from?: string;
  readonly last?: number;
  readonly signal?: AbortSignal | undefined;
  readonly onState?: (state: ConnectionState) => void;
  /** For how long a stream that is not there is waited for. Default 0: rejects with `not_found` at once. */
  readonly missingMs?: number;
  /** Default `sse`. */
  readonly live?: "sse" | "long-poll";
}

/**
 * The batches of a stream, without gap or duplicate, for as long as the reader wants them: connections that break are
 * made again from the last offset. Iterate it once; `break` or the signal ends it, and nothing is left open.
 * Rejects with what trying again cannot mend (`not_found`, `stream_gone`, `unauthorized`, …).
 */
export interface StreamFollower extends AsyncIterable<StreamBatch> {
  readonly state: ConnectionState;
  /** Tries now instead of when the back-off ends: for when the network came back or the page is shown again. */
  retryNow(): void;
}

export function followStream(transport: Transport, clock: Clock, options: FollowOptions): StreamFollower {
  let state: ConnectionState = { kind: "catching-up" };
  let wakeUp = new AbortController();
  const setState = (next: ConnectionState): void => {
    if (next.kind === state.kind && next.kind !== "offline") return;
    state = next;
    options.onState?.(next);
  };
  const pause = async (wait: (signal: AbortSignal) => Promise<void>, signal: AbortSignal): Promise<void> => {
    const controller = new AbortController();
    wakeUp = controller;
    const abort = (): void => controller.abort();
    signal.addEventListener("abort", abort, { once: true });
    if (signal.aborted) abort();
    await wait(controller.signal);
    signal.removeEventListener("abort", abort);
  };
  return {
    get state() {
      return state;
    },
    retryNow: () => wakeUp.abort(),
    [Symbol.asyncIterator]: () => run(transport, clock, options, setState, pause),
  };
}

async function* run(
  transport: Transport,
  clock: Clock,
  options: FollowOptions,
  setState: (state: ConnectionState) => void,
  pause: (wait: (signal: AbortSignal) => Promise<void>, signal: AbortSignal) => Promise<void>,
): AsyncGenerator<StreamBatch, void, undefined> {
  const signal = options.signal ?? new AbortController().signal;
  const backoff = createBackoff({ clock, maxMs: 5_000 });
  const tail = options.live === "long-poll" ? longPollStream : tailStream;
  const missing = createBackoff({ clock, minMs: 50, maxMs: 1_000 });
  const missingUntil = clock.now() + (options.missingMs ?? 0);
  let offset = options.from ?? (options.last === undefined ? "-1" : undefined);
  let offlineSince: number | undefined;
  const contact = (kind: "live" | "catching-up"): void => {
    offlineSince = undefined;
    backoff.reset();
    setState({ kind });
  };

  try {
    while (!signal.aborted) {
      try {
        const page = await readStream(
          transport,
          options.path,
          offset === undefined ? { last: options.last ?? 0 } : { from: offset },
          { signal },
        );
        contact("catching-up");
        offset = page.offset;
        yield page;
        if (page.closed) return;
        if (!page.upToDate) continue;
        const onOpen = (): void => contact("live");
        for await (const batch of tail({ transport, clock, path: options.path, offset, signal, onOpen })) {
          offset = batch.offset;
          yield batch;
          if (batch.closed) return;
        }
      } catch (error) {
        if (signal.aborted) return;
        if (error instanceof SkeinError && error.code === "not_found" && clock.now() < missingUntil) {
          await missing.wait(signal);
          continue;
        }
        if (!(error instanceof SkeinError) || !isTransient(error)) throw error;
        offlineSince ??= clock.now();
        setState({ kind: "offline", since: offlineSince, error });
        await pause((wake) => backoff.wait(wake), signal);
      }
    }
  } finally {
    setState({ kind: "ended" });
  }
}
