import { boundText, boundValue, TEXT_LIMIT } from "../bounds.ts";
import type { Normalised, SkipReason } from "../normalised.ts";
import { createOutput, type Outcome, type Output, skip } from "../output.ts";
import { normaliseEvent } from "./events.ts";
import { normaliseItem } from "./items.ts";
import { idIn, type Payload, readRollout, type RolloutRecord, textIn, turnIdIn } from "./records.ts";
import { flushHeard, flushPending } from "./said.ts";
import { type CodexState, initialCodexState, placed } from "./state.ts";
import { closeTurn, countTokens, openTurn } from "./turns.ts";

/**
 * Lines of a Codex rollout to transcript rows. As with Claude Code: nothing throws, every line has rows or a reason
 * why not, the same lines give the same rows, and no key comes twice.
 */
export interface CodexNormaliser {
  /**
   * `ts`: when it arrived, for lines without a time. `parentCallId`: the file is a sub-agent's. `history`: the line is
   * of this other thread, which the session continues by reference.
   */
  push(raw: unknown, context?: PushContext): Normalised;
  /** Nothing more comes. `settled: false`: the file may still grow, and a turn that was not ended is left open. */
  end(options?: { readonly settled?: boolean }): Normalised;
}

export interface PushContext {
  readonly ts?: number;
  readonly parentCallId?: string;
  readonly history?: string;
}

export function createCodexNormaliser(): CodexNormaliser {
  const state = initialCodexState();
  return {
    push: (raw, context = {}) => push(state, raw, context),
    end: ({ settled = true } = {}) => {
      const output = createOutput(state, state.ts, undefined);
      flushPending(state, output);
      flushHeard(state, output);
      // With names, Codex says when a turn ends; until then it runs, or was cut off.
      const over = state.turn?.last === "answer" && state.turn.openCalls.size === 0;
      if (settled && state.turn?.id === undefined && over) closeTurn(state, output, {});
      return { rows: output.rows, deltas: [], blobs: output.blobs };
    },
  };
}

function push(state: CodexState, raw: unknown, context: PushContext): Normalised {
  const record = readRollout(raw);
  state.count = record?.ordinal ?? state.count + 1;
  state.source = context.history;
  state.ts = record?.ts ?? context.ts ?? state.ts;
  const output = createOutput(state, state.ts, context.parentCallId);
  const outcome = record === undefined ? undefined : dispatch(state, output, record);
  const { rows, blobs } = output;
  if (outcome !== undefined) return { rows, blobs, deltas: [], skipped: outcome };
  if (rows.length > 0) return { rows, blobs, deltas: [] };
  // Nothing came of it: it was there before, or we do not know it.
  if (output.repeated) return { rows, blobs, deltas: [], skipped: skip("duplicate") };
  output.row(`${placed(state)}:raw`, { v: 1, type: "unknown", agent: "codex", raw: boundValue(raw) });
  return { rows, blobs, deltas: [], ...(rows.length === 0 ? { skipped: skip("duplicate") } : {}) };
}

const OTHERS: ReadonlyMap<string, SkipReason> = new Map<string, SkipReason>([
  ["world_state", "context"],
  ["token_usage_record", "usage"],
  ["state", "state"],
]);

function dispatch(state: CodexState, output: Output, record: RolloutRecord): Outcome {
  const { payload } = record;
  switch (record.kind) {
    case "meta":
      return showMeta(state, output, payload);
    case "turn-context":
      return showContext(state, output, payload);
    case "item":
      return normaliseItem(state, output, record);
    case "event":
      return normaliseEvent(state, output, record);
    case "compacted":
      flushPending(state, output);
      return showCompaction(state, output, payload);
    case "other": {
      if (record.outer === "token_usage_record") countTokens(state, payload);
      const reason = OTHERS.get(record.outer);
      return reason === undefined ? undefined : skip(reason);
    }
  }
}

/** The first names the thread; those behind it came with the history of a thread that was forked. */
function showMeta(state: CodexState, output: Output, payload: Payload): Outcome {
  const id = idIn(payload, "id", "session_id");
  if (state.thread !== undefined || id === undefined) return id === undefined ? undefined : skip("session-start");
  state.thread = id;
  const { git } = payload;
  const cwd = textIn(payload, "cwd");
  const version = textIn(payload, "cli_version");
  output.row(`session:${id}`, {
    v: 1,
    type: "session_init",
    agent: "codex",
    nativeSessionId: id,
    ...(cwd === undefined ? {} : { cwd: cwd.slice(0, 4096) }),
    ...(version === undefined ? {} : { agentVersion: version.slice(0, 100) }),
    ...(typeof git === "object" && git !== null ? { git: gitOf({ ...git }) } : {}),
  });
  return undefined;
}

function gitOf(git: Payload): Record<string, string> {
  const fields = {
    branch: textIn(git, "branch"),
    commit: textIn(git, "commit_hash"),
    remote: textIn(git, "repository_url"),
  };
  return Object.fromEntries(
    Object.entries(fields).flatMap(([name, value]) => (value === undefined ? [] : [[name, value.slice(0, 1000)]])),
  );
}

function showContext(state: CodexState, output: Output, payload: Payload): Outcome {
  const turnId = turnIdIn(payload);
  if (turnId !== undefined) openTurn(state, output, turnId);
  const model = textIn(payload, "model");
  const before = state.model;
  state.model = model ?? before;
  if (model === undefined || before === undefined || before === model) return skip("state");
  output.row(`${placed(state)}:model`, { v: 1, type: "notice", kind: "model", text: `Model: ${model.slice(0, 200)}` });
  return undefined;
}

function showCompaction(state: CodexState, output: Output, payload: Payload): Outcome {
  const summary = textIn(payload, "message") ?? "";
  const bounded = summary === "" ? {} : { summary: boundText(summary, TEXT_LIMIT, output.sink).text };
  output.row(placed(state), { v: 1, type: "compaction", ...bounded });
  return undefined;
}
