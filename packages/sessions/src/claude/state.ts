import type { TranscriptEvent } from "../events.ts";
import type { NativeUsage } from "./records.ts";

/** A tool call whose result has not been seen. */
export interface OpenCall {
  readonly name: string;
  /** What a sub-agent was told, by which its rows are known in files that do not name the call. */
  readonly prompt: string | undefined;
  readonly title: string | undefined;
}

/** What the agent does between a prompt and its answer. */
export interface Turn {
  /** The key of the row that began it. */
  readonly anchor: string;
  /** Whether what was said last is an answer, a call, or nothing yet. */
  last: "nothing" | "answer" | "call";
  failed: boolean;
  /** What the model said of itself last: that it is done, that it goes on, or (in older files) nothing. */
  stopped: "done" | "goes on" | "unsaid";
  retries: number;
  readonly openCalls: Set<string>;
  /** Usage of the API calls before the one that is running. */
  readonly usage: { input: number; output: number; cached: number; written: number };
  current: { messageId: string | undefined; usage: NativeUsage } | undefined;
}

/** A compaction whose summary may be in the next record. */
export interface PendingCompaction {
  readonly key: string;
  readonly ts: number;
  readonly event: Extract<TranscriptEvent, { type: "compaction" }>;
}

/** What is being streamed on one thread (the session's own, or a sub-agent's). */
export interface OpenStream {
  readonly messageId: string;
  index: number;
  callId: string | undefined;
  at: number;
}

/** Grows by a few dozen bytes per record (the keys that were seen), never with what the records hold. */
export interface ClaudeState {
  readonly source: "file" | "live";
  /** Ids of records. */
  readonly seen: Set<string>;
  /** Keys of rows. */
  readonly keys: Set<string>;
  readonly calls: Map<string, OpenCall>;
  readonly agents: Map<string, { readonly callId: string; readonly title: string | undefined }>;
  readonly tasks: Map<string, { text: string; status: "pending" | "in_progress" | "completed" }>;
  /** Rows of sub-agents in the main file, and the call that each belongs to. */
  readonly sidechains: Map<string, string>;
  /** Calls whose sub-agent was found by what it was told. */
  readonly claimed: Set<string>;
  turn: Turn | undefined;
  /** The last record of the main chain, and those since the model last spoke: what a next record may hang on. */
  leaf: string | undefined;
  readonly recent: Set<string>;
  messageId: string | undefined;
  /** Live: what is being streamed, by thread. */
  readonly streams: Map<string, OpenStream>;
  model: string | undefined;
  title: { text: string; rank: number } | undefined;
  titles: number;
  started: boolean;
  compaction: PendingCompaction | undefined;
  ts: number;
}

export function initialState(source: ClaudeState["source"]): ClaudeState {
  return {
    source,
    seen: new Set(),
    keys: new Set(),
    calls: new Map(),
    agents: new Map(),
    tasks: new Map(),
    sidechains: new Map(),
    claimed: new Set(),
    turn: undefined,
    leaf: undefined,
    recent: new Set(),
    messageId: undefined,
    streams: new Map(),
    model: undefined,
    title: undefined,
    titles: 0,
    started: false,
    compaction: undefined,
    ts: 0,
  };
}
