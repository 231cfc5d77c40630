import type { NativeDelta, NativeTranscriptRow, Normalised } from "@skein/sessions";
import type { DriverRow } from "../driver.ts";
import type { Notification, TurnError } from "./messages.ts";
import type { CodexTurn } from "./turn.ts";

/** Notifications into deltas, and rows of the rollout into rows of the turn. */

const MAX_PARTIAL = 256 * 1024;
/** Of one command's output; the row has both of its ends. */
const MAX_OUTPUT = 64 * 1024;

/** Rows that complete what was streamed under their own key. */
const STREAMED = new Set(["assistant_message", "thinking", "tool_result"]);

/** What a line of the rollout comes to. */
export function showRecord(turn: CodexTurn, { rows, blobs }: Pick<Normalised, "rows" | "blobs">): void {
  for (const blob of blobs) turn.events.push({ kind: "blob", blob });
  for (const row of rows) showRow(turn, row);
}

function showRow(turn: CodexTurn, row: NativeTranscriptRow): void {
  const { payload, callId, key } = row;
  if (row.parentCallId === undefined) {
    // The coder writes the prompt and the end of the turn itself.
    if (payload.type === "user_message" && key === turn.promptId) return;
    const cut = payload.type === "user_message" ? turn.steered.get(key) : undefined;
    // Codex breaks off what it was saying, and forgets it.
    if (cut !== undefined) return showPartial(turn, row.ts, cut);
    if (payload.type === "turn_complete" || payload.type === "turn_aborted") {
      turn.end = row;
      return;
    }
    if (payload.type === "tool_call") {
      turn.openCalls.add(payload.callId);
      turn.calls.set(payload.callId, payload);
    }
    if (payload.type === "tool_result" && callId !== undefined) turn.openCalls.delete(callId);
  }
  if (payload.type === "subagent") turn.hasAgents = true;
  const streamed = STREAMED.has(row.type);
  if (streamed) turn.shown.add(key);
  turn.partial.delete(key);
  turn.events.push({ kind: "row", row: streamed ? { ...row, liveKey: key } : row });
}

export function showDelta(turn: CodexTurn, read: Notification): void {
  switch (read.method) {
    case "item/agentMessage/delta":
      return add(turn, keyOf(read.params), { kind: "text", text: read.params.delta });
    case "item/reasoning/summaryTextDelta":
      return add(turn, keyOf(read.params), { kind: "thinking", text: read.params.delta });
    case "item/reasoning/summaryPartAdded":
      if (read.params.summaryIndex > 0) add(turn, keyOf(read.params), { kind: "thinking", text: "\n\n" });
      return;
    case "item/commandExecution/outputDelta": {
      const { itemId: callId, delta: text } = read.params;
      return add(turn, `${keyOf(read.params)}:result`, { kind: "tool_output", text, callId });
    }
    case "turn/started":
    case "turn/completed":
    case "item/started":
    case "error":
      return;
  }
}

/** The key of the row that will complete an item: as the normaliser makes it. */
function keyOf({ turnId, itemId }: { readonly turnId: string; readonly itemId: string }): string {
  return `${turnId}:${itemId}`;
}

function add(turn: CodexTurn, key: string, added: Pick<NativeDelta, "kind" | "text" | "callId">): void {
  // The file may be read before what was notified earlier.
  if (turn.shown.has(key)) return;
  const before = turn.partial.get(key)?.text ?? "";
  if (before.length >= (added.kind === "tool_output" ? MAX_OUTPUT : MAX_PARTIAL)) return;
  const delta = { ...added, key, at: before.length };
  turn.partial.set(key, { ...delta, at: 0, text: before + added.text });
  turn.events.push({ kind: "delta", delta });
}

/** A call of the model failed and begins anew: what it had said so far is taken back. */
export function showRetry(turn: CodexTurn, error: TurnError, now: number): void {
  for (const [key, shown] of turn.partial) {
    if (shown.kind === "tool_output") continue;
    turn.events.push({ kind: "delta", delta: { ...shown, at: 0, text: "" } });
    turn.partial.delete(key);
  }
  const details = error.additionalDetails ?? "";
  const message = details === "" ? error.message : `${error.message} ${details}`;
  const payload = { v: 1, type: "error", message: message.slice(0, 4000), retryable: true } as const;
  const key = `${turn.promptId}:retry:${String(now)}`;
  turn.events.push({ kind: "row", row: { key, ts: now, type: payload.type, payload } });
}

/** Text that was on its way when the turn was cut off: Codex forgets it, we keep it. */
export function showPartial(turn: CodexTurn, ts: number, only?: ReadonlySet<string>): void {
  for (const [liveKey, { kind, text }] of turn.partial) {
    if (kind !== "text" || text === "" || only?.has(liveKey) === false) continue;
    const payload = { v: 1, type: "assistant_message", text } as const;
    const row: DriverRow = {
      key: `${turn.promptId}:partial:${liveKey}`,
      ts,
      type: payload.type,
      liveKey,
      payload,
    };
    turn.events.push({ kind: "row", row });
    turn.shown.add(liveKey);
    turn.partial.delete(liveKey);
  }
}
