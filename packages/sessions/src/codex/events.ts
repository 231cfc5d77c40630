import { z } from "zod";
import { boundText, boundValue, TEXT_LIMIT } from "../bounds.ts";
import type { SkipReason } from "../normalised.ts";
import { type Outcome, type Output, remember, skip } from "../output.ts";
import { sha256 } from "../sha256.ts";
import { planOf } from "./calls.ts";
import { showCompletedItem } from "./completed.ts";
import { idIn, type Payload, type RolloutRecord, textIn, turnIdIn } from "./records.ts";
import { changesOf } from "./results.ts";
import { flushHeard, flushPending, hear, phaseOf, showPrompt } from "./said.ts";
import { type CodexState, placed, scoped } from "./state.ts";
import { closeTurn, countTokens, openTurn } from "./turns.ts";

/** Events whose news is in an item, or is of the moment. */
const IGNORED: ReadonlyMap<string, SkipReason> = new Map<string, SkipReason>([
  ["exec_command_begin", "told-elsewhere"],
  ["exec_command_output_delta", "delta"],
  ["agent_message_delta", "delta"],
  ["agent_message_content_delta", "delta"],
  ["agent_reasoning_delta", "delta"],
  ["reasoning_content_delta", "delta"],
  ["reasoning_raw_content_delta", "delta"],
  ["agent_reasoning_section_break", "delta"],
  ["agent_reasoning_raw_content", "told-elsewhere"],
  ["agent_reasoning_raw_content_delta", "delta"],
  ["patch_apply_begin", "told-elsewhere"],
  ["mcp_tool_call_begin", "told-elsewhere"],
  ["mcp_tool_call_end", "told-by-result"],
  ["web_search_begin", "told-elsewhere"],
  ["web_search_end", "told-by-result"],
  ["view_image_tool_call", "told-elsewhere"],
  ["image_generation_begin", "told-elsewhere"],
  ["image_generation_end", "told-by-result"],
  ["dynamic_tool_call_request", "told-elsewhere"],
  ["dynamic_tool_call_response", "told-by-result"],
  ["exec_approval_request", "told-elsewhere"],
  ["apply_patch_approval_request", "told-elsewhere"],
  ["request_user_input", "told-elsewhere"],
  ["item_started", "told-elsewhere"],
  ["raw_response_item", "told-elsewhere"],
  ["turn_diff", "told-elsewhere"],
  ["context_compacted", "told-elsewhere"],
  ["terminal_interaction", "told-elsewhere"],
  ["collab_agent_spawn_begin", "told-elsewhere"],
  ["collab_agent_spawn_end", "told-by-result"],
  ["collab_agent_interaction_begin", "told-elsewhere"],
  ["collab_agent_interaction_end", "told-by-result"],
  ["collab_waiting_begin", "told-elsewhere"],
  ["collab_waiting_end", "told-by-result"],
  ["collab_close_begin", "told-elsewhere"],
  ["collab_close_end", "told-by-result"],
  ["session_configured", "state"],
  ["thread_settings_applied", "state"],
  ["thread_goal_updated", "state"],
  ["mcp_startup_update", "live-status"],
  ["mcp_startup_complete", "live-status"],
  ["shutdown_complete", "live-status"],
]);

const NOTICES = new Set(["warning", "guardian_warning", "deprecation_notice", "background_event", "model_reroute"]);

/** An event for the screen. */
export function normaliseEvent(state: CodexState, output: Output, record: RolloutRecord): Outcome {
  const { type, payload } = record;
  if (type === "user_message") return showUserMessage(state, output, payload);
  if (type === "item_completed") return showCompletedItem(state, output, payload);
  const ignored = IGNORED.get(type);
  if (ignored !== undefined) return skip(ignored);
  if (type === "token_count") {
    countTokens(state, payload);
    return skip("usage");
  }
  flushPending(state, output);
  if (NOTICES.has(type)) return showNotice(state, output, type, payload);
  switch (type) {
    case "agent_message":
    case "agent_reasoning":
      return hearEvent(state, output, type, payload);
    case "task_started":
    case "turn_started":
      flushHeard(state, output);
      openTurn(state, output, turnIdIn(payload));
      return skip("turn-start");
    case "task_complete":
    case "turn_complete":
    case "turn_aborted":
      return endTurn(state, output, type, payload);
    case "exec_command_end":
      return rememberExit(state, payload);
    case "patch_apply_end":
      return showPatch(state, output, payload);
    case "plan_update": {
      const plan = planOf(payload, undefined);
      if (plan === undefined) return undefined;
      output.row(placed(state), plan);
      return undefined;
    }
    case "error":
    case "stream_error":
      return showError(state, output, type, payload);
    case "thread_name_updated":
      return showTitle(state, output, payload["thread_name"] ?? payload["name"]);
    case "entered_review_mode":
    case "exited_review_mode":
      return showReview(state, output, type, payload);
    case "thread_rolled_back":
      output.row(placed(state), { v: 1, type: "notice", kind: "branch", text: rolledBack(payload["num_turns"]) });
      return undefined;
    default:
      return undefined;
  }
}

function showUserMessage(state: CodexState, output: Output, payload: Payload): Outcome {
  const text = textIn(payload, "message") ?? "";
  const { pending } = state;
  state.pending = undefined;
  const list = (value: unknown) => (Array.isArray(value) ? value.filter((url) => typeof url === "string") : []);
  const images =
    pending === undefined || pending.images.length === 0
      ? [...list(payload["images"]), ...list(payload["local_images"])]
      : pending.images;
  if (text.trim() === "" && images.length === 0) return skip("empty");
  const turnId = turnIdIn(payload) ?? pending?.turnId;
  const prompt = { key: pending?.key ?? placed(state), ts: output.ts, turnId, text, images };
  showPrompt(state, output, prompt, idIn(payload, "client_id"));
  return undefined;
}

function hearEvent(state: CodexState, output: Output, type: string, payload: Payload): Outcome {
  const kind = type === "agent_message" ? "assistant" : "thinking";
  const text = textIn(payload, kind === "assistant" ? "message" : "text") ?? "";
  if (text.trim() === "") return skip("empty");
  hear(state, output, {
    kind,
    key: placed(state),
    ts: output.ts,
    id: undefined,
    text,
    phase: phaseOf(payload["phase"]),
  });
  return skip("told-elsewhere", "the item behind it says the same");
}

function endTurn(state: CodexState, output: Output, type: string, payload: Payload): Outcome {
  flushHeard(state, output);
  const duration = payload["duration_ms"];
  const reason = textIn(payload, "reason") ?? "interrupted";
  closeTurn(state, output, {
    told: true,
    turnId: turnIdIn(payload),
    durationMs: typeof duration === "number" ? duration : undefined,
    aborted: type === "turn_aborted" ? reason.slice(0, 500) : undefined,
  });
  return output.rows.length === 0 ? skip("turn-end") : undefined;
}

function rememberExit(state: CodexState, payload: Payload): Outcome {
  const callId = idIn(payload, "call_id");
  const code = payload["exit_code"];
  if (callId !== undefined && typeof code === "number" && state.calls.has(callId)) remember(state.exits, callId, code);
  return skip("told-by-result");
}

function showPatch(state: CodexState, output: Output, payload: Payload): Outcome {
  const callId = idIn(payload, "call_id");
  if (payload["success"] === false) return skip("told-by-result", "the patch did not apply");
  const changes = changesOf(payload["changes"]);
  if (callId === undefined || changes.length === 0) return skip("told-by-result");
  const key = state.calls.get(callId)?.key ?? scoped(state, turnIdIn(payload), callId);
  output.row(`${key}:files`, { v: 1, type: "file_change", callId, changes }, { callId });
  return undefined;
}

function showError(state: CodexState, output: Output, type: string, payload: Payload): Outcome {
  const { codex_error_info: info } = payload;
  const code =
    typeof info === "string" ? info : typeof info === "object" && info !== null ? Object.keys(info)[0] : undefined;
  const retryable = type === "stream_error" || payload["will_retry"] === true;
  const message = textIn(payload, "message") ?? textIn(payload, "additional_details") ?? "The agent failed.";
  output.row(placed(state), {
    v: 1,
    type: "error",
    ...(code === undefined ? {} : { code: code.slice(0, 200) }),
    message: boundText(message, TEXT_LIMIT, output.sink).text,
    ...(retryable ? { retryable } : {}),
  });
  if (!retryable && state.turn !== undefined) state.turn.failed = true;
  return undefined;
}

function showNotice(state: CodexState, output: Output, type: string, payload: Payload): Outcome {
  const text = textIn(payload, "message") ?? textIn(payload, "summary") ?? "";
  if (text.trim() === "") {
    output.row(placed(state), { v: 1, type: "unknown", agent: "codex", raw: boundValue(payload) });
    return undefined;
  }
  output.row(placed(state), { v: 1, type: "notice", kind: type, text: boundText(text, TEXT_LIMIT, output.sink).text });
  return undefined;
}

function showTitle(state: CodexState, output: Output, title: unknown): Outcome {
  if (typeof title !== "string" || title.trim() === "") return skip("empty-title");
  const text = title.trim().slice(0, 500);
  if (state.title === text) return skip("title-repeated");
  state.title = text;
  const digest = sha256(new TextEncoder().encode(text)).slice(0, 12);
  output.row(`title:${state.titles++}:${digest}`, { v: 1, type: "title", title: text });
  return undefined;
}

const review = z.looseObject({ overall_explanation: z.string() });

function showReview(state: CodexState, output: Output, type: string, payload: Payload): Outcome {
  const result = review.safeParse(payload["review_output"]);
  const about = textIn(payload, "user_facing_hint");
  const words = result.success ? result.data.overall_explanation : (about ?? "");
  const text = `${type === "entered_review_mode" ? "Review began" : "Review ended"}${words === "" ? "." : `: ${words}`}`;
  output.row(placed(state), {
    v: 1,
    type: "notice",
    kind: "review",
    text: boundText(text, TEXT_LIMIT, output.sink).text,
  });
  return undefined;
}

function rolledBack(turns: unknown): string {
  const count =
    typeof turns === "number" ? `The last ${turns === 1 ? "turn was" : `${turns} turns were`}` : "Turns were";
  return `${count} taken back; the conversation goes on from before.`;
}
