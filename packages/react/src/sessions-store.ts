import { DIRECTORY_STREAM, session as sessionSchema, SkeinError, type Session } from "@skein/protocol";
import {
  createBackoff,
  isChangeEvent,
  isTransient,
  positionOf,
  type Client,
  type StreamEvent,
} from "@skein/runtime/client";
import type { Environment } from "./environment.ts";
import { createExternal, type External } from "./external.ts";
import type { Follower } from "./follower.ts";

/** All sessions, newest activity first, live for as long as somebody looks. */
export interface SessionsView {
  readonly phase:
    | { readonly kind: "loading" }
    | { readonly kind: "ready" }
    | { readonly kind: "denied" }
    | { readonly kind: "failed"; readonly message: string };
  readonly sessions: readonly Session[];
  /** There are older ones than those listed. */
  readonly more: boolean;
}

export interface SessionsStore {
  readonly view: External<SessionsView>;
  /** Starts on the first, stops on the last answer's call. */
  readonly retain: () => () => void;
  readonly loadMore: () => void;
}

const PAGE = 100;

export function createSessionsStore(client: Client, follower: Follower, environment: Environment): SessionsStore {
  const view = createExternal<SessionsView>({ phase: { kind: "loading" }, sessions: [], more: false });
  let holders = 0;
  let open: AbortController | undefined;
  let next: string | undefined;

  const apply = (events: readonly StreamEvent[]): void => {
    const sessions = foldSessions(view.get().sessions, events);
    if (sessions !== view.get().sessions) view.set({ ...view.get(), sessions });
  };

  const load = async (signal: AbortSignal): Promise<void> => {
    const backoff = createBackoff({ clock: environment });
    while (!signal.aborted) {
      try {
        const page = await client.listSessions({ limit: PAGE, signal });
        next = page.next;
        view.set({ phase: { kind: "ready" }, sessions: sorted(page.sessions), more: next !== undefined });
        const stop = follower.follow(DIRECTORY_STREAM, positionOf(page.offset), {
          onBatch: ({ events }) => apply(events),
          // What happened since is gone from the directory: the list is read anew.
          onGone() {
            void load(signal);
            return "leave";
          },
        });
        signal.addEventListener("abort", stop, { once: true });
        return;
      } catch (error) {
        if (signal.aborted) return;
        if (!isTransient(error)) {
          view.set({ ...view.get(), phase: failure(error) });
          return;
        }
        await backoff.wait(signal);
      }
    }
  };

  const older = async (after: string, signal: AbortSignal): Promise<void> => {
    try {
      const page = await client.listSessions({ limit: PAGE, after, signal });
      next = page.next;
      const known = new Set(view.get().sessions.map(({ id }) => id));
      const sessions = sorted([...view.get().sessions, ...page.sessions.filter(({ id }) => !known.has(id))]);
      view.set({ ...view.get(), sessions, more: next !== undefined });
    } catch {
      next = after; // The button is still there: that is the retry.
    }
  };

  return {
    view,
    retain() {
      holders += 1;
      if (open === undefined) {
        open = new AbortController();
        void load(open.signal);
      }
      return () => {
        holders -= 1;
        // Not at once: from one page to the next the holder changes, and StrictMode mounts twice.
        environment.after(1_000, () => {
          if (holders > 0) return;
          open?.abort();
          open = undefined;
        });
      };
    },
    loadMore() {
      const signal = open?.signal;
      const after = next;
      if (signal === undefined || after === undefined) return;
      next = undefined;
      void older(after, signal);
    },
  };
}

export function foldSessions(sessions: readonly Session[], events: readonly StreamEvent[]): readonly Session[] {
  const byId = new Map(sessions.map((one) => [one.id, one]));
  let changed = false;
  for (const event of events) {
    if (!isChangeEvent(event) || event.type !== "session") continue;
    if (event.headers.operation === "delete") {
      changed = byId.delete(event.key) || changed;
      continue;
    }
    const parsed = sessionSchema.safeParse(event.value);
    if (!parsed.success) continue;
    byId.set(parsed.data.id, parsed.data);
    changed = true;
  }
  return changed ? sorted([...byId.values()]) : sessions;
}

function sorted(sessions: readonly Session[]): readonly Session[] {
  return [...sessions].sort((a, b) => b.lastActivityAt - a.lastActivityAt || (a.id < b.id ? -1 : 1));
}

function failure(error: unknown): SessionsView["phase"] {
  if (error instanceof SkeinError && (error.code === "unauthorized" || error.code === "forbidden")) {
    return { kind: "denied" };
  }
  return { kind: "failed", message: error instanceof Error ? error.message : String(error) };
}
