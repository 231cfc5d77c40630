import { boundText, boundValue, TEXT_LIMIT } from "../bounds.ts";
import { type Outcome, type Output, skip } from "../output.ts";
import { showCall, showResult } from "./calls.ts";
import { idIn, partsOf, type Payload, type RolloutRecord, textIn, turnIdIn } from "./records.ts";
import { readOutput } from "./results.ts";
import { flushPending, isContext, phaseOf, settleHeard } from "./said.ts";
import { type CodexState, placed, scoped } from "./state.ts";
import { openTurn } from "./turns.ts";

/** An item of the conversation with the model. */
export function normaliseItem(state: CodexState, output: Output, record: RolloutRecord): Outcome {
  const { type, payload } = record;
  if (type === "message") return showMessage(state, output, payload);
  flushPending(state, output);
  const turnId = turnIdIn(payload);
  openTurn(state, output, turnId);
  switch (type) {
    case "reasoning":
      return showReasoning(state, output, payload, turnId);
    case "compaction":
    case "compaction_summary":
    case "context_compaction":
    case "ghost_snapshot":
      return skip("told-elsewhere", type);
    case "function_call":
    case "custom_tool_call":
    case "local_shell_call":
      return showItemCall(state, output, payload, turnId);
    case "function_call_output":
    case "custom_tool_call_output":
      return showOutput(state, output, payload);
    default:
      return showOther(state, output, { type, payload, turnId });
  }
}

function showMessage(state: CodexState, output: Output, payload: Payload): Outcome {
  const role = textIn(payload, "role");
  const parts = partsOf(payload["content"]);
  const turnId = turnIdIn(payload);
  if (role === "assistant") {
    flushPending(state, output);
    const text = parts.map((part) => part?.text ?? "").join("");
    const id = idIn(payload, "id");
    settleHeard(state, "assistant", id, text);
    if (text.trim() === "") return skip("empty");
    const turn = openTurn(state, output, turnId);
    const phase = phaseOf(payload["phase"]);
    const key = id === undefined ? placed(state) : scoped(state, turnId, id);
    const bounded = boundText(text, TEXT_LIMIT, output.sink);
    output.row(key, { v: 1, type: "assistant_message", ...bounded, ...(phase === undefined ? {} : { phase }) });
    turn.last = "answer";
    return undefined;
  }
  flushPending(state, output);
  if (role !== "user") return skip("context", role?.slice(0, 50));
  const words = parts.flatMap((part) => (part?.text === undefined || isContext(part.text) ? [] : [part.text]));
  const images = parts.flatMap((part) => (part?.image_url === undefined ? [] : [part.image_url]));
  if (words.length === 0 && images.length === 0) return parts.length === 0 ? skip("empty") : skip("context");
  state.pending = { key: placed(state), ts: output.ts, turnId, text: words.join("\n"), images };
  return skip("told-elsewhere", "the event behind it tells of the prompt");
}

function showReasoning(state: CodexState, output: Output, payload: Payload, turnId: string | undefined): Outcome {
  const join = (value: unknown) =>
    partsOf(value)
      .map((part) => part?.text ?? "")
      .filter((text) => text !== "")
      .join("\n\n");
  const summary = join(payload["summary"]);
  const text = join(payload["content"]);
  const id = idIn(payload, "id");
  settleHeard(state, "thinking", id, `${summary}\n${text}`);
  const key = id === undefined ? placed(state) : scoped(state, turnId, id);
  const shown = text === "" ? { text: null } : boundText(text, TEXT_LIMIT, output.sink);
  const summed = summary === "" ? {} : { summary: boundText(summary, TEXT_LIMIT, output.sink).text };
  output.row(key, { v: 1, type: "thinking", ...summed, ...shown });
  if (state.turn !== undefined && state.turn.last === "nothing") state.turn.last = "answer";
  return undefined;
}

function showItemCall(state: CodexState, output: Output, payload: Payload, turnId: string | undefined): Outcome {
  const callId = idIn(payload, "call_id", "id");
  if (callId === undefined) return undefined;
  const local = payload["action"];
  const input = payload["type"] === "local_shell_call" ? local : argumentsOf(payload);
  showCall(state, output, {
    key: scoped(state, turnId, callId),
    callId,
    name: textIn(payload, "name") ?? (payload["type"] === "local_shell_call" ? "local_shell" : "unnamed"),
    namespace: textIn(payload, "namespace"),
    input,
  });
  return undefined;
}

/** A function's arguments are JSON in a string; a custom tool's input is its text. */
function argumentsOf(payload: Payload): unknown {
  const { arguments: json, input } = payload;
  if (typeof json !== "string") return json ?? (typeof input === "string" ? { input } : input);
  try {
    return JSON.parse(json);
  } catch {
    return { arguments: json };
  }
}

function showOutput(state: CodexState, output: Output, payload: Payload): Outcome {
  const callId = idIn(payload, "call_id");
  if (callId === undefined) return undefined;
  showResult(state, output, callId, readOutput(payload["output"], output.sink));
  return undefined;
}

const ABOUT = new Set(["type", "id", "call_id", "status", "internal_chat_message_metadata_passthrough"]);

interface OtherItem {
  readonly type: string;
  readonly payload: Payload;
  readonly turnId: string | undefined;
}

/** Calls of the provider's own tools (a search, an image), whose results, if any, are in the same item. */
function showOther(state: CodexState, output: Output, { type, payload, turnId }: OtherItem): Outcome {
  const callId = idIn(payload, "call_id", "id");
  if (callId !== undefined && type.endsWith("_output")) return showOutput(state, output, payload);
  if (callId === undefined || !type.endsWith("_call")) {
    const key = callId === undefined ? placed(state) : scoped(state, turnId, callId);
    output.row(key, { v: 1, type: "unknown", agent: "codex", raw: boundValue(payload) });
    return undefined;
  }
  const { action, result } = payload;
  const rest = Object.fromEntries(Object.entries(payload).filter(([name]) => !ABOUT.has(name) && name !== "result"));
  const name = type.slice(0, -"_call".length);
  const opened = typeof action === "object" && action !== null && "type" in action && action.type === "open_page";
  showCall(state, output, {
    key: scoped(state, turnId, callId),
    callId,
    name: opened && name === "web_search" ? "web_fetch" : name,
    namespace: undefined,
    input: typeof action === "object" && action !== null ? action : rest,
  });
  const status = textIn(payload, "status");
  if (status !== "completed" && status !== "failed") return undefined;
  const image = typeof result === "string" ? [{ type: "image", image_url: `data:image/png;base64,${result}` }] : result;
  const read = readOutput(image, output.sink);
  showResult(state, output, callId, { ...read, isError: read.isError || status === "failed" });
  return undefined;
}
