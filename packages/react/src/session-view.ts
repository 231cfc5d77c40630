import type { Session, SessionStatus } from "@skein/protocol";
import type { Usage } from "@skein/sessions";
import type { CoderState, QueuedPrompt } from "./coder-state.ts";
import { queuedPrompts } from "./coder-state.ts";
import type { LiveState } from "./live-deltas.ts";
import { withLive } from "./live-items.ts";
import type { LogWindow } from "./log-window.ts";
import type { Outgoing } from "./outbox.ts";
import { stableItems } from "./stable-items.ts";
import { transcriptItems, type TranscriptItem } from "./transcript-items.ts";

/** What a session page shows, put together from the session's streams. Pure. */
export interface SessionView {
  readonly phase: SessionPhase;
  /** The directory's row; absent until it is known. */
  readonly session: Session | undefined;
  readonly items: readonly TranscriptItem[];
  readonly status: SessionStatus;
  readonly statusSince: number | undefined;
  readonly error: { readonly code: string; readonly message: string } | undefined;
  /** Accepted by the server, waiting for their turn. */
  readonly queue: readonly QueuedPrompt[];
  /** Written here, not yet known to have arrived. */
  readonly outgoing: readonly Outgoing[];
  /** Requests with an answer on its way to the agent. */
  readonly answered: ReadonlyMap<string, string>;
  readonly atStart: boolean;
  readonly atEnd: boolean;
  readonly missed: number;
  /** Another number when `items` do not continue those before: the page went elsewhere in the history. */
  readonly opening: number;
  readonly loading: "older" | "newer" | undefined;
  /** Of the last turn in view. */
  readonly usage: Usage | undefined;
}

export type SessionPhase =
  | { readonly kind: "loading" }
  | { readonly kind: "ready" }
  | { readonly kind: "missing" }
  | { readonly kind: "denied" }
  | { readonly kind: "failed"; readonly message: string };

export interface SessionParts {
  readonly phase: SessionPhase;
  readonly session: Session | undefined;
  readonly log: LogWindow;
  readonly live: LiveState;
  readonly coder: CoderState;
  readonly outgoing: readonly Outgoing[];
  readonly loading: SessionView["loading"];
}

export function sessionView(parts: SessionParts, before: SessionView | undefined): SessionView {
  const { log, coder, session } = parts;
  const status = statusOf(coder, session);
  const active = status === "running" || status === "waiting" || status === "initializing";
  const durable = transcriptItems(log.rows, active && log.atEnd);
  const items = log.atEnd ? withLive(durable, parts.live) : durable;
  const started = startedPrompts(log);
  const queue = queuedPrompts(coder, started, log.atEnd);
  const arrived = new Set(coder.prompts.flatMap(({ key, idempotencyKey }) => [key, idempotencyKey]));
  return {
    phase: parts.phase,
    session,
    items: stableItems(before?.items ?? [], items),
    status,
    statusSince: coder.run?.since ?? session?.statusSince,
    error: coder.run?.error ?? session?.error,
    queue,
    outgoing: parts.outgoing.filter((entry) => !isKnown(entry, arrived, started)),
    answered: coder.answered,
    atStart: log.start === 0,
    atEnd: log.atEnd,
    missed: log.missed,
    opening: log.opening,
    loading: parts.loading,
    usage: lastUsage(log),
  };
}

function statusOf(coder: CoderState, session: Session | undefined): SessionStatus {
  if (coder.ended !== undefined || session?.status === "killed") return "killed";
  return coder.run?.status ?? session?.status ?? "initializing";
}

function startedPrompts(log: LogWindow): ReadonlySet<string> {
  const started = new Set<string>();
  for (const { row } of log.rows) if (row.promptId !== undefined) started.add(row.promptId);
  return started;
}

function isKnown(entry: Outgoing, arrived: ReadonlySet<string | undefined>, started: ReadonlySet<string>): boolean {
  if (arrived.has(entry.id)) return true;
  return entry.state.kind === "accepted" && (arrived.has(entry.state.key) || started.has(entry.state.key));
}

function lastUsage(log: LogWindow): Usage | undefined {
  for (let index = log.rows.length - 1; index >= 0; index--) {
    const payload = log.rows[index]?.row.payload;
    if (payload?.type === "turn_complete" && payload.usage !== undefined) return payload.usage;
  }
  return undefined;
}
