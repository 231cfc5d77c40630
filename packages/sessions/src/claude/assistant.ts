import { z } from "zod";
import { boundInput, boundText, boundValue, TEXT_LIMIT } from "../bounds.ts";
import { questionItem } from "../events.ts";
import { type NativeTranscriptRow, questionKey } from "../resource.ts";
import { planOfCall } from "./plan.ts";
import {
  type Block,
  blocksOf,
  type NativeRecord,
  textOf,
  thinkingBlock,
  toolResultBlock,
  toolUseBlock,
  wordsOf,
} from "./records.ts";
import { type Outcome, type Output, remember, skip } from "../output.ts";
import { type ClaudeState, type Turn } from "./state.ts";
import { claudeToolName } from "./tool-names.ts";
import { showToolResult } from "./tool-result.ts";
import { addUsage, turnOf } from "./turns.ts";

const questions = z.looseObject({ questions: z.array(questionItem) });
const agentInput = z.looseObject({
  description: z.string().optional().catch(undefined),
  prompt: z.string().optional().catch(undefined),
});

/** The model's name in what Claude Code says in its place. */
const SYNTHETIC = "<synthetic>";
const CALLS = new Set(["tool_use", "server_tool_use", "mcp_tool_use"]);

/** An `assistant` record. The SDK's messages and newer files hold one block each, older files may hold several. */
export function normaliseAssistant(state: ClaudeState, output: Output, id: string, record: NativeRecord): Outcome {
  const { message } = record;
  if (message === undefined) return undefined;
  if (isApiError(record)) return showApiError(state, output, id, record);
  const main = output.parentCallId === undefined;
  if (main) showModel(state, output, id, message.model);
  const before = output.rows.length;
  for (const [index, block] of blocksOf(message.content).entries()) {
    const raw = block ?? (Array.isArray(message.content) ? message.content[index] : undefined);
    showBlock(state, output, `${id}:${index}`, { block, raw, liveKey: liveKeyOf(state, output, message.id) });
  }
  if (main && message.model !== SYNTHETIC) {
    const turn = turnOf(state, id);
    addUsage(turn, message.id, message.usage);
    for (const row of output.rows.slice(before)) follow(turn, row);
    turn.stopped = stoppedBy(message.stop_reason);
    state.messageId = message.id;
  }
  return output.rows.length > before ? undefined : skip("empty");
}

const FINAL = new Set(["end_turn", "stop_sequence", "max_tokens", "refusal", "model_context_window_exceeded"]);

function stoppedBy(reason: string | undefined): Turn["stopped"] {
  if (reason === undefined) return "unsaid";
  return FINAL.has(reason) ? "done" : "goes on";
}

function follow(turn: Turn, row: NativeTranscriptRow): void {
  const { payload } = row;
  if (payload.type === "tool_call") turn.openCalls.add(payload.callId);
  if (payload.type === "tool_result") turn.openCalls.delete(payload.callId);
  if (payload.type === "tool_call" || payload.type === "tool_result") turn.last = "call";
  if (payload.type === "assistant_message" || payload.type === "thinking") turn.last = "answer";
}

/** Deltas name a block by message and position; the complete block arrives while its stream is still open. */
function liveKeyOf(state: ClaudeState, output: Output, messageId: string | undefined): string | undefined {
  const stream = state.streams.get(output.parentCallId ?? "");
  if (messageId === undefined || stream?.messageId !== messageId) return undefined;
  return `${messageId}:${stream.index}`;
}

interface ShownBlock {
  readonly block: Block | undefined;
  readonly raw: unknown;
  readonly liveKey: string | undefined;
}

function showBlock(state: ClaudeState, output: Output, key: string, { block, raw, liveKey }: ShownBlock): void {
  const live = liveKey === undefined ? {} : { liveKey };
  const text = textOf(block);
  if (text !== undefined) {
    if (text.trim() === "") return;
    output.row(key, { v: 1, type: "assistant_message", ...boundText(text, TEXT_LIMIT, output.sink) }, live);
    return;
  }
  const thinking = block?.type === "thinking" ? thinkingBlock.safeParse(block) : undefined;
  if (thinking?.success === true || block?.type === "redacted_thinking") {
    const words = thinking?.success === true && thinking.data.thinking !== "" ? thinking.data.thinking : undefined;
    const shown = words === undefined ? { text: null } : boundText(words, TEXT_LIMIT, output.sink);
    output.row(key, { v: 1, type: "thinking", ...shown }, live);
    return;
  }
  const call = CALLS.has(block?.type ?? "") ? toolUseBlock.safeParse(block) : undefined;
  if (call?.success === true) {
    showCall(state, output, key, { ...call.data, ...live });
    return;
  }
  // The server's own tools answer within the assistant's message.
  const result = block?.type.endsWith("_tool_result") === true ? toolResultBlock.safeParse(block) : undefined;
  if (result?.success === true) {
    const { tool_use_id: callId, content, is_error: isError } = result.data;
    showToolResult(state, output, { key, callId, content, isError: isError ?? false, structured: undefined });
    return;
  }
  output.row(key, { v: 1, type: "unknown", agent: "claude", raw: boundValue(raw) }, live);
}

function showCall(
  state: ClaudeState,
  output: Output,
  key: string,
  call: { id: string; name: string; input?: unknown; liveKey?: string },
): void {
  const callId = call.id;
  const isAgent = claudeToolName(call.name) === "sub_agent";
  const agent = agentInput.safeParse(isAgent ? call.input : {});
  const prompt = agent.success ? agent.data.prompt : undefined;
  const title = agent.success ? agent.data.description?.slice(0, 500) : undefined;
  remember(state.calls, callId, {
    name: call.name,
    prompt: isAgent ? prompt : undefined,
    title: isAgent ? title : undefined,
  });
  output.row(
    key,
    {
      v: 1,
      type: "tool_call",
      callId,
      tool: claudeToolName(call.name),
      originalTool: call.name,
      originalAgent: "claude",
      input: boundInput(call.input),
    },
    { callId, ...(call.liveKey === undefined ? {} : { liveKey: call.liveKey }) },
  );
  const plan = planOfCall(state, call.name, call.input, callId);
  if (plan !== undefined) output.row(`${key}:plan`, plan, { callId });
  if (isAgent) {
    const titled = title === undefined ? {} : { title };
    output.row(`${key}:subagent`, { v: 1, type: "subagent", phase: "start", callId, ...titled }, { callId });
  }
  if (call.name !== "AskUserQuestion") return;
  const asked = questions.safeParse(call.input);
  if (!asked.success) return;
  output.row(
    questionKey(callId),
    { v: 1, type: "question", requestId: callId, callId, questions: asked.data.questions },
    { callId },
  );
}

function showModel(state: ClaudeState, output: Output, id: string, model: string | undefined): void {
  if (model === undefined || model === "" || model === SYNTHETIC) return;
  const before = state.model;
  state.model = model;
  if (before === undefined || before === model) return;
  output.row(`${id}:model`, { v: 1, type: "notice", kind: "model", text: `Model: ${model.slice(0, 200)}` });
}

/** Files mark it; the stream has it only in the model's name and the error's. */
function isApiError(record: NativeRecord): boolean {
  return record.isApiErrorMessage || (record.message?.model === SYNTHETIC && typeof record.raw["error"] === "string");
}

/** An API failure that ended the turn is written as if the assistant had said it. */
function showApiError(state: ClaudeState, output: Output, id: string, record: NativeRecord): Outcome {
  const text = wordsOf(record.message?.content ?? "");
  const code = typeof record.raw["error"] === "string" ? record.raw["error"].slice(0, 200) : "api_error";
  output.row(`${id}:0`, {
    v: 1,
    type: "error",
    code,
    message: boundText(text === "" ? "The model's API failed." : text, TEXT_LIMIT, output.sink).text,
  });
  if (output.parentCallId === undefined) turnOf(state, id).failed = true;
  return undefined;
}
