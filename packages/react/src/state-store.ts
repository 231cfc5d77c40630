import { formatOffset, SkeinError, type ErrorCode } from "@skein/protocol";
import {
  createBackoff,
  createFold,
  isTransient,
  positionOf,
  type Client,
  type Fold,
  type StreamBatch,
} from "@skein/runtime/client";
import type { Environment } from "./environment.ts";
import { createExternal, type External } from "./external.ts";
import type { Follower } from "./follower.ts";

/** What is known of a state stream: `version` rises with what `fold` has. */
export interface StateView {
  readonly phase: StatePhase;
  readonly version: number;
  /** Nothing is in front of what was read. */
  readonly atStart: boolean;
  readonly loading: boolean;
}

export type StatePhase =
  | { readonly kind: "loading" }
  | { readonly kind: "ready" }
  | { readonly kind: "missing" }
  | { readonly kind: "denied" }
  | { readonly kind: "failed"; readonly message: string };

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
        change({ phase: phaseOf(code) });
        return "leave";
      },
    });
    signal.addEventListener("abort", stop, { once: true });
    if (signal.aborted) stop();
  };

  const open = async (): Promise<void> => {
    const backoff = createBackoff({ clock: environment, minMs: 150, maxMs: 5_000 });
    const begun = environment.now();
    while (!signal.aborted) {
      try {
        return await read();
      } catch (error) {
        if (signal.aborted) return;
        const waits = isMissing(error) && environment.now() - begun < options.waitMs;
        if (!waits && !isTransient(error)) return change({ phase: failureOf(error) });
        await backoff.wait(signal);
      }
    }
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

  void open();
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

const MISSING: ReadonlySet<string> = new Set<ErrorCode>(["not_found", "session_not_found", "stream_gone"]);
const DENIED: ReadonlySet<string> = new Set<ErrorCode>(["unauthorized", "forbidden"]);

function isMissing(error: unknown): boolean {
  return error instanceof SkeinError && MISSING.has(error.code);
}

function phaseOf(code: string): StatePhase {
  return { kind: MISSING.has(code) ? "missing" : "denied" };
}

/** How a read that failed for good is shown. */
export function failureOf(error: unknown): Exclude<StatePhase, { kind: "loading" | "ready" }> {
  if (isMissing(error)) return { kind: "missing" };
  if (error instanceof SkeinError && DENIED.has(error.code)) return { kind: "denied" };
  return { kind: "failed", message: error instanceof Error ? error.message : String(error) };
}
