import { z } from "zod";
import type { Usage } from "../events.ts";
import type { Output } from "../output.ts";
import { turnEndKey } from "../resource.ts";
import type { CodexState, CodexTurn, Totals } from "./state.ts";

/**
 * Codex names its turns and says when they end; before 0.50 or so it did not, and an end is derived at the next
 * prompt or at the end of the file. Each ends once, under the key of its prompt.
 */
export function openTurn(state: CodexState, output: Output, id: string | undefined): CodexTurn {
  const { turn } = state;
  if (turn !== undefined && (id === undefined || turn.id === id)) return turn;
  closeTurn(state, output, {});
  state.turn = {
    id,
    anchor: undefined,
    last: "nothing",
    failed: false,
    prompts: 0,
    openCalls: new Set(),
    totalsBefore: state.totals,
  };
  return state.turn;
}

/** The turn that a prompt belongs to: its own, or the running one when it was steered in. */
export function turnOfPrompt(state: CodexState, output: Output, id: string | undefined): CodexTurn {
  const { turn } = state;
  // Without names of turns, a prompt is the only sign that one begins.
  if (turn !== undefined && turn.id === undefined && turn.prompts > 0) closeTurn(state, output, {});
  const opened = openTurn(state, output, id);
  opened.prompts++;
  return opened;
}

export interface TurnEnd {
  readonly turnId?: string | undefined;
  readonly durationMs?: number | undefined;
  readonly aborted?: string | undefined;
  /** The agent said that the turn is over. */
  readonly told?: boolean;
}

/** Ends the open turn; or, when the agent says so of one that we know nothing of, that one. */
export function closeTurn(state: CodexState, output: Output, end: TurnEnd): void {
  const { turn } = state;
  const told = end.told ?? false;
  const matches = turn !== undefined && (end.turnId === undefined || turn.id === undefined || turn.id === end.turnId);
  const anchor = (matches ? (turn.anchor ?? turn.id) : undefined) ?? end.turnId;
  if (matches) state.turn = undefined;
  if (anchor === undefined) return;
  if (!told && (turn?.last ?? "nothing") === "nothing" && turn?.failed !== true) return;
  const key = turnEndKey(anchor);
  const unfinished = matches && (turn.openCalls.size > 0 || turn.last === "call") && !turn.failed;
  if (end.aborted !== undefined || (unfinished && !told)) {
    output.row(key, { v: 1, type: "turn_aborted", reason: end.aborted ?? "ended before an answer" });
    return;
  }
  const usage = matches ? usageSince(turn.totalsBefore, state.totals) : undefined;
  output.row(key, {
    v: 1,
    type: "turn_complete",
    success: !(matches && turn.failed),
    ...(usage === undefined ? {} : { usage }),
    ...(end.durationMs === undefined ? {} : { durationMs: end.durationMs }),
  });
}

const count = z.number().catch(0);
const tokens = z.looseObject({
  input_tokens: count,
  output_tokens: count,
  cached_input_tokens: count,
  cache_write_input_tokens: count,
  reasoning_output_tokens: count,
});
const info = z.looseObject({
  total_token_usage: tokens,
  last_token_usage: z.looseObject({ total_tokens: z.number() }).optional().catch(undefined),
  model_context_window: z.number().optional().catch(undefined),
});
const record = z.looseObject({ thread_token_usage: tokens });

/** Keeps the totals of the thread that a count tells. */
export function countTokens(state: CodexState, payload: Readonly<Record<string, unknown>>): void {
  const counted = info.safeParse(payload["info"]);
  if (counted.success) {
    const { total_token_usage: total, last_token_usage: last, model_context_window: window } = counted.data;
    state.totals = { ...totalsOf(total), context: last?.total_tokens, window };
    return;
  }
  const recorded = record.safeParse(payload);
  if (!recorded.success) return;
  const { context, window } = state.totals ?? { context: undefined, window: undefined };
  state.totals = { ...totalsOf(recorded.data.thread_token_usage), context, window };
}

function totalsOf(total: z.infer<typeof tokens>): Omit<Totals, "context" | "window"> {
  return {
    input: total.input_tokens,
    output: total.output_tokens,
    cached: total.cached_input_tokens,
    written: total.cache_write_input_tokens,
    reasoning: total.reasoning_output_tokens,
  };
}

/** What a turn used: the totals are of the thread, and begin again when a thread is taken up elsewhere. */
function usageSince(before: Totals | undefined, after: Totals | undefined): Usage | undefined {
  if (after === undefined || after === before) return undefined;
  const from = before === undefined || before.input > after.input ? undefined : before;
  return {
    inputTokens: after.input - (from?.input ?? 0),
    outputTokens: after.output - (from?.output ?? 0),
    cachedInputTokens: after.cached - (from?.cached ?? 0),
    cacheWriteTokens: after.written - (from?.written ?? 0),
    reasoningOutputTokens: after.reasoning - (from?.reasoning ?? 0),
    ...(after.context === undefined ? {} : { contextTokens: after.context }),
    ...(after.window === undefined ? {} : { contextWindow: after.window }),
  };
}
