import type { ClaudeNormaliser, NativeDelta, Usage } from "@skein/sessions";
import type { Clock } from "../clock.ts";
import type { DriverEvent, DriverRow, TurnOutcome } from "../driver.ts";
import { readClaudeMessage } from "./messages.ts";
import type { ClaudeMessage } from "./messages.ts";
import { outcomeOf } from "./outcome.ts";
import type { Turn } from "./turn.ts";

/** Messages of Claude Code into the events of the turn that runs. */
export interface TurnReader {
  message(raw: unknown): void;
  /** A row of our own, or of the agent's. */
  row(row: DriverRow): void;
  /** The turn that messages belong to from now on. */
  begin(turn: Turn): void;
  /** Ends a turn that the agent cannot end itself any more, and keeps what it had said. */
  abort(turn: Turn, reason: string): void;
}

const MAX_BETWEEN_TURNS = 1000;
const MAX_PARTIAL = 256 * 1024;
/** A refused sign-in is tried again for minutes: once is enough to rule out a token that has just run out. */
const SIGN_IN_ATTEMPTS = 2;

export function createTurnReader(deps: {
  readonly clock: Clock;
  readonly normaliser: ClaudeNormaliser;
  /** The agent's sign-in was refused and it goes on trying. */
  readonly onSignInRefused: (turn: Turn) => void;
}): TurnReader {
  const { clock, normaliser } = deps;
  /** Rows of what the agent did outside a turn: they come with the next one. */
  const between: DriverEvent[] = [];
  let turn: Turn | undefined;

  function emit(event: DriverEvent): void {
    if (turn !== undefined && !turn.isOver()) turn.events.push(event);
    else if ((event.kind === "row" || event.kind === "blob") && between.length < MAX_BETWEEN_TURNS) between.push(event);
  }

  function row(shown: DriverRow): void {
    if (shown.type === "tool_call" && shown.callId !== undefined) turn?.openCalls.add(shown.callId);
    if (shown.type === "tool_result" && shown.callId !== undefined) turn?.openCalls.delete(shown.callId);
    if (shown.liveKey !== undefined) turn?.partial.delete(shown.liveKey);
    emit({ kind: "row", row: shown });
  }

  function delta(added: NativeDelta): void {
    const text = turn?.partial.get(added.key)?.text ?? "";
    if (text.length < MAX_PARTIAL) turn?.partial.set(added.key, { ...added, text: text + added.text });
    emit({ kind: "delta", delta: added });
  }

  /** A call of the model failed and begins anew: what it had said so far is taken back. */
  function takeBack(): void {
    for (const shown of turn?.partial.values() ?? []) emit({ kind: "delta", delta: { ...shown, at: 0, text: "" } });
    turn?.partial.clear();
  }

  /** What a message says about the turn, before its rows are shown. */
  function note(read: ClaudeMessage): void {
    if (read.kind === "init") emit(sessionEvent(read.message));
    if (read.kind === "assistant" && turn !== undefined) noteAssistant(turn, read.message);
    if (read.kind !== "api_retry") return;
    takeBack();
    const { error_status: status, attempt } = read.message;
    if (status === 401 && attempt >= SIGN_IN_ATTEMPTS && turn?.isOver() === false) deps.onSignInRefused(turn);
  }

  return {
    message(raw) {
      const read = readClaudeMessage(raw);
      note(read);
      const { rows, deltas, blobs } = normaliser.push(raw, { ts: clock.now() });
      for (const blob of blobs) emit({ kind: "blob", blob });
      for (const one of rows) row(one);
      for (const one of deltas) delta(one);
      if (turn !== undefined) settle(turn, read);
    },
    row,
    begin(next) {
      turn = next;
      normaliser.begin(next.promptId);
      for (const event of between.splice(0)) next.events.push(event);
    },
    abort(aborted, reason) {
      if (aborted.isOver()) return;
      for (const [liveKey, { kind, text }] of aborted.partial) {
        if (kind !== "text") continue;
        const payload = { v: 1, type: "assistant_message", text } as const;
        const key = `${aborted.promptId}:partial:${liveKey}`;
        aborted.events.push({ kind: "row", row: { key, ts: clock.now(), type: payload.type, liveKey, payload } });
      }
      aborted.finish({ kind: "aborted", reason });
    },
  };
}

type MessageOf<K extends ClaudeMessage["kind"]> = Extract<ClaudeMessage, { kind: K; message: unknown }>["message"];

function sessionEvent(message: MessageOf<"init">): DriverEvent {
  const { session_id: nativeSessionId, model, claude_code_version: agentVersion } = message;
  return {
    kind: "session",
    nativeSessionId,
    ...(model === undefined ? {} : { model }),
    ...(agentVersion === undefined ? {} : { agentVersion }),
  };
}

function noteAssistant(turn: Turn, message: MessageOf<"assistant">): void {
  if (message.is_api_error_message === true) {
    turn.facts.apiError = message.error ?? undefined;
    return;
  }
  const { usage } = message.message;
  if (usage === undefined || usage === null || typeof message.parent_tool_use_id === "string") return;
  turn.facts.contextTokens =
    (usage.input_tokens ?? 0) + (usage.cache_read_input_tokens ?? 0) + (usage.cache_creation_input_tokens ?? 0);
}

/** Ends the turn when a message says so, after its rows are shown. What was put into it may have an end of its own. */
function settle(turn: Turn, read: ClaudeMessage): void {
  if (read.kind === "result") {
    const { user_message_uuid: one, user_message_uuids: all = [] } = read.message;
    const named = one === undefined ? all : [one, ...all];
    if (named.length > 0 && !named.some((id) => turn.awaited.has(id))) return;
    for (const id of named.length === 0 ? [turn.promptId] : named) turn.awaited.delete(id);
    turn.outcome = together(turn.outcome, outcomeOf(read.message, turn.facts));
    if (turn.awaited.size === 0 || turn.outcome.kind !== "completed") turn.finish(turn.outcome);
  }
  if (read.kind === "lifecycle" && turn.awaited.has(read.message.command_uuid)) {
    const { command_uuid: id, state } = read.message;
    if (state !== "completed" && state !== "cancelled") return;
    turn.awaited.delete(id);
    // A prompt that the session had seen already, or one that was taken back: there is no result.
    if (id === turn.promptId) turn.outcome ??= state === "completed" ? { kind: "completed" } : CANCELLED;
    if (turn.awaited.size === 0) turn.finish(turn.outcome ?? { kind: "completed" });
  }
}

const CANCELLED = { kind: "aborted", reason: "cancelled" } as const;

/** Two ends of one turn: as the last says, with what both used. */
function together(first: TurnOutcome | undefined, last: TurnOutcome): TurnOutcome {
  if (first?.kind !== "completed" || last.kind === "aborted") return last;
  const sum = (a: number | undefined, b: number | undefined) => (a === undefined ? b : a + (b ?? 0));
  const [one, two] = [first.usage ?? {}, last.usage ?? {}];
  const usage = {
    ...one,
    ...two,
    inputTokens: sum(one.inputTokens, two.inputTokens),
    outputTokens: sum(one.outputTokens, two.outputTokens),
    cachedInputTokens: sum(one.cachedInputTokens, two.cachedInputTokens),
    cacheWriteTokens: sum(one.cacheWriteTokens, two.cacheWriteTokens),
    costUsd: sum(one.costUsd, two.costUsd),
  };
  const known: Usage = Object.fromEntries(Object.entries(usage).filter(([, value]) => value !== undefined));
  const durationMs = sum(first.durationMs, last.durationMs);
  return { ...last, usage: known, ...(durationMs === undefined ? {} : { durationMs }) };
}
