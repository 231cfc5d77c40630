import type { Usage } from "../events.ts";
import { turnEndKey } from "../resource.ts";
import type { NativeUsage } from "./records.ts";
import { type Output } from "../output.ts";
import { type ClaudeState, type Turn } from "./state.ts";

/**
 * Where turns end. A session file says it only sometimes, so an end is derived: at a `turn_duration` record, before
 * the next prompt, or at the end of the file. Each turn ends once, under the key of the prompt that began it, which is
 * the key the coder uses for turns it ran itself; in a live stream nothing is derived, the driver knows the outcome.
 */
export function beginTurn(state: ClaudeState, output: Output, anchor: string): void {
  closeTurn(state, output, {});
  state.turn = newTurn(anchor);
}

export function newTurn(anchor: string): Turn {
  return {
    anchor,
    last: "nothing",
    failed: false,
    stopped: "unsaid",
    retries: 0,
    openCalls: new Set(),
    usage: { input: 0, output: 0, cached: 0, written: 0 },
    current: undefined,
  };
}

/** The turn that a record of the agent belongs to; one begins here when no prompt did (notifications, old branches). */
export function turnOf(state: ClaudeState, anchor: string): Turn {
  state.turn ??= newTurn(anchor);
  return state.turn;
}

/** Ends the open turn, if the agent did anything in it. */
export function closeTurn(state: ClaudeState, output: Output, end: { durationMs?: number; aborted?: string }): boolean {
  const { turn } = state;
  if (turn === undefined) return false;
  if (turn.last === "nothing" && end.aborted === undefined && !turn.failed) return false;
  state.turn = undefined;
  if (state.source === "live") return true;
  const key = turnEndKey(turn.anchor);
  const unfinished = turn.openCalls.size > 0 || turn.last === "call" || turn.stopped === "goes on";
  if (end.aborted !== undefined || (unfinished && !turn.failed && end.durationMs === undefined)) {
    output.row(key, { v: 1, type: "turn_aborted", reason: end.aborted ?? "ended before an answer" });
    return true;
  }
  const usage = turnUsage(turn);
  output.row(key, {
    v: 1,
    type: "turn_complete",
    success: !turn.failed,
    ...(usage === undefined ? {} : { usage }),
    ...(end.durationMs === undefined ? {} : { durationMs: end.durationMs }),
  });
  return true;
}

/** Counts an assistant record's usage. Every block of a message repeats it, and the last is the right one. */
export function addUsage(turn: Turn, messageId: string | undefined, usage: NativeUsage | undefined): void {
  if (usage === undefined) return;
  if (turn.current !== undefined && turn.current.messageId !== messageId) settle(turn);
  turn.current = { messageId, usage };
}

function settle(turn: Turn): void {
  if (turn.current === undefined) return;
  const { usage } = turn.current;
  turn.usage.input += usage.input_tokens ?? 0;
  turn.usage.output += usage.output_tokens ?? 0;
  turn.usage.cached += usage.cache_read_input_tokens ?? 0;
  turn.usage.written += usage.cache_creation_input_tokens ?? 0;
}

function turnUsage(turn: Turn): Usage | undefined {
  if (turn.current === undefined) return undefined;
  const last = turn.current.usage;
  settle(turn);
  turn.current = undefined;
  return {
    inputTokens: turn.usage.input,
    outputTokens: turn.usage.output,
    cachedInputTokens: turn.usage.cached,
    cacheWriteTokens: turn.usage.written,
    contextTokens:
      (last.input_tokens ?? 0) +
      (last.cache_read_input_tokens ?? 0) +
      (last.cache_creation_input_tokens ?? 0) +
      (last.output_tokens ?? 0),
  };
}
