import { boundValue } from "../bounds.ts";
import type { Normalised } from "../normalised.ts";
import { sha256 } from "../sha256.ts";
import { normaliseAssistant } from "./assistant.ts";
import { normaliseAttachment } from "./attachment.ts";
import { deltaOf } from "./deltas.ts";
import { LIVE_TYPES, STATE_TYPES } from "./ignored.ts";
import { type NativeRecord, readRecord } from "./records.ts";
import { createOutput, type Outcome, type Output, skip } from "../output.ts";
import { type ClaudeState, initialState, type Turn } from "./state.ts";
import { flushCompaction, normaliseSystem, showContent, showTitle } from "./system.ts";
import { advance, callByPrompt, callOfSidechain, showBranch } from "./thread.ts";
import { closeTurn, newTurn } from "./turns.ts";
import { isLiveSummary, normaliseUser } from "./user.ts";

/**
 * Claude Code's records to transcript rows: of a session file, or of the SDK's stream while it runs.
 * Invariants: nothing throws, whatever the record; every record has rows or a reason why not; the same record gives
 * the same keys and payloads live and from the file; no key comes twice.
 */
export interface ClaudeNormaliser {
  /** `ts`: when it arrived, for records without a time of their own. `parentCallId`: the file is a sub-agent's. */
  push(raw: unknown, context?: { readonly ts?: number; readonly parentCallId?: string }): Normalised;
  /** Live: the prompt whose turn begins, by the id that it was given. */
  begin(promptKey: string): void;
  /**
   * Nothing more comes. Flushes what waited for a next record. `settled: false`: the file may still grow, and a turn
   * that does not say it is over is left open.
   */
  end(options?: { readonly settled?: boolean }): Normalised;
  /** Nothing has come for a while: ends a turn that the model said is over. What waits for a next record still waits. */
  pause(): Normalised;
  /** The call that started a sub-agent which a result has named. */
  callOfAgent(agentId: string): string | undefined;
  /** The running call of a sub-agent whose first record this is. */
  callOfPrompt(raw: unknown): string | undefined;
}

export function createClaudeNormaliser(options: { readonly source?: "file" | "live" } = {}): ClaudeNormaliser {
  const state = initialState(options.source ?? "file");
  return {
    push: (raw, context = {}) => push(state, raw, context),
    begin: (promptKey) => {
      state.turn = newTurn(promptKey);
    },
    end: ({ settled = true } = {}) => {
      const output = createOutput(state, state.ts, undefined);
      flushCompaction(state, output);
      if (isOver(state.turn, settled)) closeTurn(state, output, {});
      return { rows: output.rows, deltas: [], blobs: output.blobs };
    },
    pause: () => {
      const output = createOutput(state, state.ts, undefined);
      if (isOver(state.turn, false)) closeTurn(state, output, {});
      return { rows: output.rows, deltas: [], blobs: output.blobs };
    },
    callOfAgent: (agentId) => state.agents.get(agentId)?.callId,
    callOfPrompt: (raw) => {
      const record = readRecord(raw);
      return record === undefined ? undefined : callByPrompt(state, record);
    },
  };
}

/** Whether the last turn of a file has ended. Older versions write no reason for stopping: then an answer is an end. */
function isOver(turn: Turn | undefined, settled: boolean): boolean {
  if (turn === undefined) return false;
  if (turn.stopped === "done" || turn.failed) return true;
  return settled && turn.stopped === "unsaid" && turn.last === "answer" && turn.openCalls.size === 0;
}

function push(state: ClaudeState, raw: unknown, context: { ts?: number; parentCallId?: string }): Normalised {
  const record = readRecord(raw);
  const ts = record?.ts ?? context.ts ?? state.ts;
  state.ts = ts;
  if (record === undefined) return unknown(state, createOutput(state, ts, context.parentCallId), raw);
  if (record.type === "stream_event") {
    const delta = deltaOf(state, record.raw["event"], record.parentCallId);
    return delta === undefined ? nothing(skip("delta")) : { ...nothing(skip("delta")), deltas: [delta] };
  }
  const ignored = STATE_TYPES.get(record.type) ?? LIVE_TYPES.get(record.type);
  if (ignored !== undefined) return nothing(skip(ignored, record.type));

  const titled = pushTitle(state, ts, record);
  if (titled !== undefined) return titled;
  const id = record.uuid ?? contentId(raw);
  if (state.seen.has(id)) return nothing(skip("duplicate"));
  const parentCallId =
    record.parentCallId ??
    context.parentCallId ??
    (record.isSidechain ? callOfSidechain(state, id, record) : undefined);
  state.seen.add(id);
  const output = createOutput(state, ts, parentCallId);
  if (parentCallId === undefined) showStart(state, output, record);
  const speaks = record.type === "user" || record.type === "assistant";
  if (speaks && !record.isCompactSummary && !isLiveSummary(state, record)) flushCompaction(state, output);
  showBranch(state, output, id, record);
  const before = output.rows.length;
  const outcome = dispatch(state, output, id, record);
  advance(state, record, parentCallId);
  if (outcome === undefined && output.rows.length === before && state.compaction?.key !== id) {
    return unknown(state, output, raw);
  }
  const { rows, blobs } = output;
  return { rows, blobs, deltas: [], ...(outcome === undefined ? {} : { skipped: outcome }) };
}

/** Rows of one kind of record each; nothing shown and no reason means that it could not be read. */
function dispatch(state: ClaudeState, output: Output, id: string, record: NativeRecord): Outcome {
  switch (record.type) {
    case "user":
      return normaliseUser(state, output, id, record);
    case "assistant": {
      // The stream tells of a command's output as if the model had said it; the file has it as a system record.
      const content = record.raw["local_command_source"];
      if (typeof content === "string")
        return showContent(output, id, { content, kind: "local_command", raw: record.raw });
      return normaliseAssistant(state, output, id, record);
    }
    case "system":
      return normaliseSystem(state, output, id, record);
    case "attachment":
      return normaliseAttachment(state, output, id, record);
    default:
      return undefined;
  }
}

/** Records of titles have no id, and the same title may come, go and come again. */
function pushTitle(state: ClaudeState, ts: number, record: NativeRecord): Normalised | undefined {
  const output = createOutput(state, ts, undefined);
  const outcome = titleOf(state, output, record);
  if (outcome === "no title") return undefined;
  return { rows: output.rows, blobs: [], deltas: [], ...(outcome === undefined ? {} : { skipped: outcome }) };
}

function titleOf(state: ClaudeState, output: Output, record: NativeRecord): Outcome | "no title" {
  switch (record.type) {
    case "custom-title":
      return showTitle(state, output, record.raw["customTitle"], 3);
    case "ai-title":
      return showTitle(state, output, record.raw["aiTitle"], 2);
    case "summary":
      return showSummaryTitle(state, output, record);
    default:
      return "no title";
  }
}

/** Older files begin with the titles of other conversations of the same folder. */
function showSummaryTitle(state: ClaudeState, output: Output, record: NativeRecord): Outcome {
  const leaf = record.raw["leafUuid"];
  if (typeof leaf !== "string" || !state.seen.has(leaf)) return skip("title-of-another");
  return showTitle(state, output, record.raw["summary"], 1);
}

function showStart(state: ClaudeState, output: Output, record: NativeRecord): void {
  if (state.started || record.cwd === undefined || record.sessionId === undefined) return;
  state.started = true;
  output.row(`session:${record.sessionId.slice(0, 200)}`, {
    v: 1,
    type: "session_init",
    agent: "claude",
    nativeSessionId: record.sessionId.slice(0, 200),
    cwd: record.cwd.slice(0, 4096),
    ...(record.version === undefined ? {} : { agentVersion: record.version.slice(0, 100) }),
    ...(record.gitBranch === undefined || record.gitBranch === ""
      ? {}
      : { git: { branch: record.gitBranch.slice(0, 300) } }),
  });
}

/** A record that cannot be read: kept, and known by its content if it has no id. */
function unknown(state: ClaudeState, output: Output, raw: unknown): Normalised {
  const key = readRecord(raw)?.uuid ?? contentId(raw);
  const before = output.rows.length;
  output.row(key, { v: 1, type: "unknown", agent: "claude", raw: boundValue(raw) });
  const { rows, blobs } = output;
  if (rows.length === before) return { rows, blobs, deltas: [], skipped: skip("duplicate") };
  return { rows, blobs, deltas: [] };
}

function contentId(raw: unknown): string {
  return `content:${sha256(new TextEncoder().encode(JSON.stringify(raw) ?? "undefined")).slice(0, 32)}`;
}

function nothing(skipped: Normalised["skipped"] & object): Normalised {
  return { rows: [], deltas: [], blobs: [], skipped };
}
