import type { TranscriptEvent, Usage } from "@skein/sessions";
import type { LogRow } from "../log-window.ts";
import { callKey } from "../transcript-items.ts";
import type { OpenCall, OverviewState, TurnDraft, Writable } from "./fold-state.ts";
import type { CommandRun, ToolSpan, Turn } from "./overview.ts";

type EventOf<T extends TranscriptEvent["type"]> = Extract<TranscriptEvent, { type: T }>;

const MOST_TEXT = 300;

export function takePrompt(state: OverviewState, entry: LogRow, text: string): void {
  const { parentCallId, runId } = entry.row;
  // A prompt to a sub-agent is not a turn, and one that steers a turn belongs to it.
  if (parentCallId !== undefined) return;
  const last = state.turns.at(-1);
  if (last?.outcome === "open") {
    if (runId !== undefined && runId === state.runId) return;
    // Some histories do not say where a turn ends.
    last.outcome = "complete";
  }
  begin(state, entry, text);
}

export function endTurn(
  state: OverviewState,
  { row }: LogRow,
  outcome: Turn["outcome"],
  { usage, durationMs }: { readonly usage?: Usage | undefined; readonly durationMs?: number | undefined },
): void {
  const turn = state.turns.at(-1);
  if (turn?.outcome !== "open") return;
  Object.assign(turn, { outcome, usage, durationMs, to: Math.max(turn.to, row.ts) });
  state.open.clear();
}

/** The turn that a row belongs to. What an agent does without a prompt is a turn, too. */
export function currentTurn(state: OverviewState, entry: LogRow): TurnDraft {
  const last = state.turns.at(-1);
  return last?.outcome === "open" ? last : begin(state, entry, "");
}

export function addCall(state: OverviewState, entry: LogRow, payload: EventOf<"tool_call">): void {
  const { limits, open } = state;
  const turn = currentTurn(state, entry);
  const title = subject(payload.input).slice(0, MOST_TEXT);
  const at = { row: entry.row.key, position: entry.position, from: entry.row.ts, to: undefined, failed: false };
  const call: OpenCall = {
    span: addSpan(state, turn, { ...at, tool: payload.tool, title }),
    command:
      payload.tool === "terminal"
        ? addCommand(state, { ...at, turn: turn.number, command: title, exitCode: undefined, result: undefined })
        : undefined,
  };
  open.set(callKey(entry.row.runId, payload.callId), call);
  const [first] = open.keys();
  if (open.size > limits.toolsOfTurn && first !== undefined) open.delete(first);
}

export function addResult(state: OverviewState, { row, position }: LogRow, payload: EventOf<"tool_result">): void {
  const key = callKey(row.runId, payload.callId);
  const { span, command } = state.open.get(key) ?? {};
  state.open.delete(key);
  if (span !== undefined) Object.assign(span, { to: row.ts, failed: payload.isError });
  if (command === undefined) return;
  const failed = payload.isError || (payload.exitCode ?? 0) !== 0;
  Object.assign(command, { to: row.ts, failed, exitCode: payload.exitCode, result: position });
}

function begin(state: OverviewState, { row, position }: LogRow, prompt: string): TurnDraft {
  state.count += 1;
  state.runId = row.runId;
  const turn: TurnDraft = {
    row: row.key,
    position,
    number: state.count,
    prompt: prompt.slice(0, MOST_TEXT),
    from: row.ts,
    to: row.ts,
    outcome: "open",
    durationMs: undefined,
    usage: undefined,
    tools: [],
    toolsLeftOut: 0,
  };
  state.turns.push(turn);
  if (state.turns.length > state.limits.turns) {
    state.tools -= state.turns.shift()?.tools.length ?? 0;
    state.turnsLeftOut += 1;
  }
  return turn;
}

function addSpan(state: OverviewState, turn: TurnDraft, span: Writable<ToolSpan>): Writable<ToolSpan> | undefined {
  if (turn.tools.length >= state.limits.toolsOfTurn) {
    turn.toolsLeftOut += 1;
    return undefined;
  }
  turn.tools.push(span);
  state.tools += 1;
  // The newest are what is looked at: older turns lose theirs.
  for (const older of state.turns) {
    if (state.tools <= state.limits.tools) break;
    state.tools -= older.tools.length;
    older.toolsLeftOut += older.tools.length;
    older.tools = [];
  }
  return span;
}

function addCommand(state: OverviewState, command: Writable<CommandRun>): Writable<CommandRun> {
  state.commands.push(command);
  if (state.commands.length > state.limits.commands) {
    state.commands.shift();
    state.commandsLeftOut += 1;
  }
  return command;
}

const SUBJECTS = [
  "command",
  "cmd",
  "script",
  "file_path",
  "path",
  "notebook_path",
  "pattern",
  "query",
  "url",
  "description",
];

/** What a call is about: a command, a path, a pattern. */
function subject(input: Readonly<Record<string, unknown>>): string {
  for (const name of SUBJECTS) {
    const value = input[name];
    if (typeof value === "string" && value !== "") return value;
    if (Array.isArray(value)) return value.filter((part) => typeof part === "string").join(" ");
  }
  return "";
}
