import { formatOffset } from "@skein/protocol";
import { createFold, positionOf, type Client, type Fold, type StreamBatch } from "@skein/runtime/client";
import type { Environment } from "./environment.ts";
import { createExternal, type External } from "./external.ts";
import type { Follower } from "./follower.ts";
import { failure, goneFor, untilOpen } from "./session-opening.ts";
import type { SessionPhase } from "./session-view.ts";

/** What is known of a state stream: `version` rises with what `fold` has. */
export interface StateView {
  readonly phase: StatePhase;
  readonly version: number;
  /** Nothing is in front of what was read. */
  readonly atStart: boolean;
  readonly loading: boolean;
}

export type StatePhase = SessionPhase;

/** A state stream, folded into rows, live until it is closed. */
export interface StateStore {
  readonly view: External<StateView>;
  readonly fold: Fold;
  /** Reads the page in front of what is there. Nothing happens at the beginning, or while one is being read. */
  readonly loadOlder: () => void;
  readonly close: () => void;
}

export interface StateStoreOptions {
  readonly client: Client;
  readonly follower: Follower;
  readonly environment: Environment;
  readonly path: string;
  /** Begin with this many of the newest messages and page backwards; absent: all of them. */
  readonly last?: number | undefined;
  /** How long it may take until the stream is there. */
  readonly waitMs: number;
}

const OLDER = 200;

export function createStateStore(options: StateStoreOptions): StateStore {
  const { client, follower, environment, path, last } = options;
  const closed = new AbortController();
  const { signal } = closed;
  const fold = createFold({ partial: last !== undefined });
  const view = createExternal<StateView>({ phase: { kind: "loading" }, version: 0, atStart: false, loading: false });
  const change = (next: Partial<StateView>): void => {
    if (!signal.aborted) view.set({ ...view.get(), ...next, version: fold.version });
  };
  const paint = oncePerFrame(environment, () => change({}));

  const read = async (): Promise<void> => {
    let batch: StreamBatch;
    if (last === undefined) {
      do {
        batch = await client.readStream(path, { from: formatOffset(fold.position) }, { signal });
        fold.apply(batch.events, positionOf(batch.start));
      } while (!batch.upToDate);
    } else {
      batch = await client.readStream(path, { last }, { signal });
      fold.apply(batch.events, positionOf(batch.start));
    }
    change({ phase: { kind: "ready" }, atStart: fold.start === 0 });
    const stop = follower.follow(path, positionOf(batch.offset), {
      onBatch({ events }) {
        fold.apply(events);
        paint();
      },
      onGone(code) {
        change({ phase: goneFor(code) });
        return "leave";
      },
    });
    signal.addEventListener("abort", stop, { once: true });
    if (signal.aborted) stop();
  };

  const older = async (): Promise<void> => {
    change({ loading: true });
    try {
      const before = formatOffset(fold.start);
      fold.prepend((await client.readStream(path, { before, limit: OLDER }, { signal })).events);
      change({ loading: false, atStart: fold.start === 0 });
    } catch {
      // What there is stays; asking again is the retry.
      change({ loading: false });
    }
  };

  const onFailure = (error: unknown): void => change({ phase: failure(error) });
  void untilOpen({ environment, signal, freshMs: () => options.waitMs, onFailure }, read);
  return {
    view,
    fold,
    loadOlder() {
      const { phase, atStart, loading } = view.get();
      if (phase.kind === "ready" && !atStart && !loading) void older();
    },
    close: () => closed.abort(),
  };
}

/** However many batches come, `paint` runs once before the next frame. */
function oncePerFrame(environment: Environment, paint: () => void): () => void {
  let asked = false;
  return () => {
    if (asked) return;
    asked = true;
    environment.beforePaint(() => {
      asked = false;
      paint();
    });
  };
}
