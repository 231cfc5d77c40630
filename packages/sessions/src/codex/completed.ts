import { z } from "zod";
import { boundValue } from "../bounds.ts";
import { type Outcome, type Output, remember, skip } from "../output.ts";
import { showCall, showResult } from "./calls.ts";
import { idIn, partsOf, type Payload, textIn, turnIdIn } from "./records.ts";
import { changesOf, readOutput } from "./results.ts";
import { flushPending, hear, phaseOf, showPrompt } from "./said.ts";
import { type CodexState, placed, scoped } from "./state.ts";
import { openTurn } from "./turns.ts";

const itemSchema = z.looseObject({ type: z.string() });

/**
 * A completed item of a paginated rollout. Beside the items that went to the model it says the same again; where a
 * file was made without those, it is all there is.
 */
export function showCompletedItem(state: CodexState, output: Output, payload: Payload): Outcome {
  const parsed = itemSchema.safeParse(payload["item"]);
  if (!parsed.success) return undefined;
  const item: Payload = parsed.data;
  const { type } = parsed.data;
  const turnId = turnIdIn(payload);
  if (type === "UserMessage") return showUser(state, output, item, turnId);
  flushPending(state, output);
  openTurn(state, output, turnId);
  const id = idIn(item, "id");
  const key = id === undefined ? placed(state) : scoped(state, turnId, id);
  switch (type) {
    case "AgentMessage": {
      const text = partsOf(item["content"])
        .map((part) => part?.text ?? "")
        .join("");
      hear(state, output, { kind: "assistant", key, ts: output.ts, id, text, phase: phaseOf(item["phase"]) });
      return skip("told-elsewhere", "the item behind it says the same");
    }
    case "Reasoning": {
      const text = strings(item["summary_text"]).join("\n\n");
      hear(state, output, { kind: "thinking", key, ts: output.ts, id, text, phase: undefined });
      return skip("told-elsewhere", "the item behind it says the same");
    }
    case "ContextCompaction":
      return skip("told-elsewhere");
    case "FileChange":
      return showFileChange(state, output, { item, key, id });
    case "SubAgentActivity":
      return showActivity(state, output, { item, key, id });
    default:
      return showCompletedCall(state, output, { type, item, key, id });
  }
}

function strings(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((entry) => typeof entry === "string") : [];
}

function showUser(state: CodexState, output: Output, item: Payload, turnId: string | undefined): Outcome {
  const parts = partsOf(item["content"]);
  const { pending } = state;
  state.pending = undefined;
  const text = parts.flatMap((part) => (part?.text === undefined ? [] : [part.text])).join("\n");
  const own = parts.flatMap((part) => (part?.image_url === undefined ? [] : [part.image_url]));
  const images = pending === undefined || pending.images.length === 0 ? own : pending.images;
  if (text.trim() === "" && images.length === 0) return skip("empty");
  const prompt = { key: pending?.key ?? placed(state), ts: output.ts, turnId: turnId ?? pending?.turnId, text, images };
  showPrompt(state, output, prompt, idIn(item, "client_id", "id"));
  return undefined;
}

interface CompletedItem {
  readonly item: Payload;
  readonly key: string;
  readonly id: string | undefined;
}

function showFileChange(state: CodexState, output: Output, { item, key, id }: CompletedItem): Outcome {
  const changes = changesOf(item["changes"]);
  const status = textIn(item, "status");
  if (changes.length === 0 || status === "failed" || status === "declined") return skip("told-by-result", status);
  const call = id === undefined ? undefined : state.calls.get(id);
  const named = id === undefined ? {} : { callId: id };
  output.row(`${call?.key ?? key}:files`, { v: 1, type: "file_change", ...named, changes }, named);
  return undefined;
}

function showActivity(state: CodexState, output: Output, { item, key, id }: CompletedItem): Outcome {
  const kind = textIn(item, "kind");
  const phase =
    kind === "started" || kind === "spawned" ? "start" : kind === "completed" || kind === "closed" ? "end" : undefined;
  const byCall = id !== undefined && (state.calls.has(id) || state.keys.has(key));
  if (phase === undefined || byCall) return skip("told-elsewhere", "the call says the same");
  const agentId = idIn(item, "agent_thread_id");
  const title = textIn(item, "agent_path")?.slice(0, 200);
  output.row(`${key}:activity`, {
    v: 1,
    type: "subagent",
    phase,
    ...(agentId === undefined ? {} : { agentId }),
    ...(title === undefined ? {} : { title }),
  });
  return undefined;
}

const CALLS: ReadonlyMap<string, string> = new Map([
  ["CommandExecution", "exec_command"],
  ["McpToolCall", "mcp"],
  ["WebSearch", "web_search"],
  ["ImageView", "view_image"],
]);

/** A call and its result at once, unless the call was there: then its result will tell, and we keep the exit code. */
function showCompletedCall(state: CodexState, output: Output, completed: CompletedItem & { type: string }): Outcome {
  const { type, item, key, id } = completed;
  const name = CALLS.get(type);
  const exitCode = item["exit_code"];
  if (id !== undefined && state.calls.has(id)) {
    if (typeof exitCode === "number") remember(state.exits, id, exitCode);
    return skip("told-by-result");
  }
  if (id !== undefined && state.keys.has(key)) return skip("told-by-result");
  if (id === undefined || name === undefined) {
    output.row(key, { v: 1, type: "unknown", agent: "codex", raw: boundValue(item) });
    return undefined;
  }
  const about = new Set(["type", "id", "status", "aggregated_output", "exit_code", "result", "error", "duration_ms"]);
  const input = Object.fromEntries(Object.entries(item).filter(([field]) => !about.has(field)));
  const tool = textIn(item, "tool") ?? name;
  const server = textIn(item, "server");
  showCall(state, output, {
    key,
    callId: id,
    name: tool,
    namespace: server === undefined ? undefined : `mcp__${server}`,
    input,
  });
  const read = readOutput(item["aggregated_output"] ?? item["result"] ?? item["error"] ?? "", output.sink);
  const failed = textIn(item, "status") === "failed" || (typeof exitCode === "number" && exitCode !== 0);
  showResult(state, output, id, {
    ...read,
    exitCode: typeof exitCode === "number" ? exitCode : read.exitCode,
    isError: read.isError || failed,
  });
  return undefined;
}
