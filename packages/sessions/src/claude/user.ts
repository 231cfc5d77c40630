import { boundText, boundValue, TEXT_LIMIT } from "../bounds.ts";
import type { Attachment } from "../events.ts";
import { attachmentOf } from "./content.ts";
import {
  type Block,
  blocksOf,
  type NativeMessage,
  type NativeRecord,
  textOf,
  toolResultBlock,
  wordsOf,
} from "./records.ts";
import { type Outcome, type Output, skip } from "../output.ts";
import { type ClaudeState } from "./state.ts";
import { showTaskNotification, showToolResult } from "./tool-result.ts";
import { beginTurn, closeTurn } from "./turns.ts";
import { readUserText, type UserText } from "./user-text.ts";

/** A `user` record: tool results, and what a person (or something in a person's place) said. */
export function normaliseUser(state: ClaudeState, output: Output, id: string, record: NativeRecord): Outcome {
  const { message } = record;
  if (message === undefined) return undefined;
  if (record.isCompactSummary || isLiveSummary(state, record)) return showSummary(state, output, id, message);
  const blocks = blocksOf(message.content);
  const before = output.rows.length;
  const results = blocks.filter((block) => block?.type === "tool_result").length;
  const words: string[] = [];
  const attachments: Attachment[] = [];
  for (const [index, block] of blocks.entries()) {
    const key = `${id}:${index}`;
    const text = textOf(block);
    const attachment = block === undefined ? undefined : attachmentOf(block, output.sink);
    if (text !== undefined) words.push(text);
    else if (attachment !== undefined) attachments.push(attachment);
    else if (
      block?.type !== "tool_result" ||
      !showResult(state, output, key, block, results === 1 ? record : undefined)
    ) {
      const raw = boundValue(block ?? (Array.isArray(message.content) ? message.content[index] : undefined));
      output.row(key, { v: 1, type: "unknown", agent: "claude", raw });
    }
  }
  const said = showWords(state, output, { id, record, words, attachments, inResult: results > 0 });
  return output.rows.length > before ? undefined : said;
}

function showResult(
  state: ClaudeState,
  output: Output,
  key: string,
  block: Block,
  record: NativeRecord | undefined,
): boolean {
  const parsed = toolResultBlock.safeParse(block);
  if (!parsed.success) return false;
  const callId = parsed.data.tool_use_id;
  const isError = parsed.data.is_error ?? false;
  showToolResult(state, output, {
    key,
    callId,
    content: parsed.data.content,
    isError,
    structured: record?.toolUseResult,
  });
  if (output.parentCallId === undefined && state.turn !== undefined) {
    state.turn.openCalls.delete(callId);
    state.turn.last = "call";
  }
  return true;
}

interface Words {
  readonly id: string;
  readonly record: NativeRecord;
  readonly words: readonly string[];
  readonly attachments: readonly Attachment[];
  /** Beside a tool's result: part of the turn, not the beginning of one. */
  readonly inResult: boolean;
}

function showWords(state: ClaudeState, output: Output, said: Words): Outcome {
  const { id, record, attachments } = said;
  // Each block is read by itself (context comes as blocks of its own), and what is left is one prompt.
  const read = said.words.map(readUserText).filter((part) => part.kind !== "context");
  const special = read.find((part) => part.kind !== "prompt");
  if (special !== undefined) return showSpecial(state, output, id, special);
  if (record.isMeta) return skip("meta");
  const text = read.map((part) => (part.kind === "prompt" ? part.text : "")).join("\n");
  if (text.trim() === "" && attachments.length === 0) {
    return said.words.length > read.length ? skip("context") : skip("empty");
  }
  if (output.parentCallId === undefined && !said.inResult) beginTurn(state, output, id);
  output.row(id, {
    v: 1,
    type: "user_message",
    ...boundText(text, TEXT_LIMIT, output.sink),
    ...(attachments.length === 0 ? {} : { attachments: [...attachments] }),
  });
  return undefined;
}

function showSpecial(
  state: ClaudeState,
  output: Output,
  id: string,
  special: Exclude<UserText, { kind: "prompt" }>,
): Outcome {
  const main = output.parentCallId === undefined;
  switch (special.kind) {
    case "command": {
      // A command that is typed while the agent works does not end its turn.
      const busy = state.turn !== undefined && (state.turn.last === "call" || state.turn.openCalls.size > 0);
      if (main && !busy) beginTurn(state, output, id);
      output.row(id, { v: 1, type: "notice", kind: "command", ...textOnly(special.text, output) });
      return undefined;
    }
    case "output":
      if (special.text.trim() === "" || special.text.trim() === "(no content)") return skip("empty-command-output");
      output.row(id, { v: 1, type: "notice", kind: "command_output", ...textOnly(special.text, output) });
      return undefined;
    case "interrupted":
      if (state.source === "live") return skip("live-outcome");
      if (!main || !closeTurn(state, output, { aborted: special.reason })) {
        output.row(`${id}:end`, { v: 1, type: "turn_aborted", reason: special.reason });
      }
      return undefined;
    case "task":
      if (main) beginTurn(state, output, id);
      showTaskNotification(state, output, id, special.task);
      return undefined;
    case "context":
      return skip("context");
  }
}

const textOnly = (text: string, output: Output) => ({ text: boundText(text, TEXT_LIMIT, output.sink).text });

/** The stream has the summary right behind the boundary, marked only as nobody's words. */
export function isLiveSummary(state: ClaudeState, record: NativeRecord): boolean {
  return state.source === "live" && state.compaction !== undefined && record.type === "user" && record.isMeta;
}

/** The summary that replaces the conversation for the model; it completes the divider that came before it. */
function showSummary(state: ClaudeState, output: Output, id: string, message: NativeMessage): Outcome {
  const summary = wordsOf(message.content);
  const bounded = boundText(summary, TEXT_LIMIT, output.sink).text;
  const pending = state.compaction;
  state.compaction = undefined;
  if (pending === undefined) output.row(id, { v: 1, type: "compaction", summary: bounded });
  else output.row(pending.key, { ...pending.event, summary: bounded }, { ts: pending.ts });
  return undefined;
}
