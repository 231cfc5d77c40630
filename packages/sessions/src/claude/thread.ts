import { blocksOf, type NativeRecord, wordsOf } from "./records.ts";
import { type Output, remember } from "../output.ts";
import { type ClaudeState } from "./state.ts";
import { closeTurn } from "./turns.ts";

/**
 * A session file is a tree: every record names its parent, and going back to an earlier message and prompting again
 * leaves a branch behind. The transcript keeps the file's order, which is the order in which things happened, with
 * every branch; where the conversation jumps, a notice says so.
 */
const MAX_RECENT = 1000;

/** Marks the place where the conversation goes on from an earlier message. Parents that are missing are not a jump. */
export function showBranch(state: ClaudeState, output: Output, id: string, record: NativeRecord): void {
  if (output.parentCallId !== undefined || !speaks(record)) return;
  const sameMessage =
    record.type === "assistant" && record.message?.id !== undefined && record.message.id === state.messageId;
  const jumps = !sameMessage && isElsewhere(state, record.parentUuid);
  // The blocks of one message, and the results of its calls, are written in any order.
  if (jumps || (record.type === "assistant" && !sameMessage)) state.recent.clear();
  if (!jumps) return;
  if (record.type === "user") closeTurn(state, output, {});
  output.row(`${id}:branch`, {
    v: 1,
    type: "notice",
    kind: "branch",
    text: "The conversation goes on from an earlier message here.",
  });
}

function isElsewhere(state: ClaudeState, parent: string | undefined): boolean {
  if (parent === undefined || state.leaf === undefined || parent === state.leaf) return false;
  return state.seen.has(parent) && !state.recent.has(parent);
}

/** Prompts and answers; a tool's result hangs on its call, wherever that is. */
function speaks(record: NativeRecord): boolean {
  if (record.type === "assistant") return true;
  if (record.type !== "user" || record.isMeta || record.message === undefined) return false;
  return !blocksOf(record.message.content).some((block) => block?.type === "tool_result");
}

/** Moves on to this record as the last of the main chain. */
export function advance(state: ClaudeState, record: NativeRecord, parentCallId: string | undefined): void {
  if (record.uuid === undefined || parentCallId !== undefined) return;
  if (state.recent.size < MAX_RECENT) state.recent.add(record.uuid);
  state.leaf = record.uuid;
}

/** The call under which a sub-agent did this; older files hold sub-agents' records among the session's own. */
export function callOfSidechain(state: ClaudeState, id: string, record: NativeRecord): string {
  const inherited = record.parentUuid === undefined ? undefined : state.sidechains.get(record.parentUuid);
  const callId = inherited ?? callByPrompt(state, record) ?? `sidechain:${id}`;
  remember(state.sidechains, id, callId);
  return callId;
}

/** The running call that was given exactly this text. */
export function callByPrompt(state: ClaudeState, record: NativeRecord): string | undefined {
  if (record.type !== "user" || record.message === undefined) return undefined;
  const text = wordsOf(record.message.content);
  const told = [...state.calls].filter(([, call]) => call.prompt !== undefined && call.prompt === text);
  // Of several that were told the same, the first without an agent.
  const [callId] = told.find(([id]) => !state.claimed.has(id)) ?? told[0] ?? [];
  if (callId !== undefined) state.claimed.add(callId);
  return callId;
}
