import type { Step } from "./directives.ts";
import { pieces, textPieces, withoutGates } from "./scripted-server.ts";
import type { WireStep } from "./scripted-server.ts";

type Item = { readonly type: string; readonly id: string } & Record<string, unknown>;

/** A reply as server-sent events of the Responses API. Ids are the same for a retry and new for all else. */
export function* responseSteps(
  steps: readonly Step[],
  { seed, attempt }: { readonly seed: string; readonly attempt: number },
): Generator<WireStep> {
  const response = { id: `resp_${seed}_${String(attempt)}`, object: "response", output: [] };
  yield event("response.created", { response });
  let index = 0;
  for (const step of steps) {
    const id = `${seed}_${String(index)}`;
    switch (step.kind) {
      case "text":
        yield* textItem(index++, `msg_${id}`, step);
        break;
      case "thinking":
        yield* reasoningItem(index++, `rs_${id}`, step.text);
        break;
      case "tool":
        yield* callItem(index++, toolItem(step, id));
        break;
      case "gate":
      case "hang":
      case "cut":
        yield step;
        break;
      case "parallel":
      case "http":
        break;
    }
  }
  yield event("response.completed", { response: { ...response, status: "completed", usage: usage(index) } });
}

function usage(items: number): Record<string, unknown> {
  const output = items * 10;
  return {
    input_tokens: 120,
    input_tokens_details: { cached_tokens: 20 },
    output_tokens: output,
    output_tokens_details: { reasoning_tokens: 0 },
    total_tokens: 120 + output,
  };
}

function* textItem(index: number, id: string, step: Extract<Step, { kind: "text" }>): Generator<WireStep> {
  const at = { output_index: index, item_id: id, content_index: 0 };
  const item = { type: "message", id, role: "assistant", content: [] };
  yield event("response.output_item.added", { output_index: index, item });
  yield event("response.content_part.added", { ...at, part: { type: "output_text", text: "", annotations: [] } });
  yield* textPieces(step, (delta) => event("response.output_text.delta", { ...at, delta }));
  const text = withoutGates(step.text);
  yield event("response.output_text.done", { ...at, text });
  const content = [{ type: "output_text", text, annotations: [] }];
  yield event("response.output_item.done", { output_index: index, item: { ...item, content } });
}

function* reasoningItem(index: number, id: string, text: string): Generator<WireStep> {
  const at = { output_index: index, item_id: id, summary_index: 0 };
  const item = { type: "reasoning", id, summary: [] };
  yield event("response.output_item.added", { output_index: index, item });
  yield event("response.reasoning_summary_part.added", { ...at, part: { type: "summary_text", text: "" } });
  for (const delta of pieces(text, 2)) yield event("response.reasoning_summary_text.delta", { ...at, delta });
  const summary = [{ type: "summary_text", text }];
  yield event("response.output_item.done", { output_index: index, item: { ...item, summary } });
}

function* callItem(index: number, item: Item): Generator<WireStep> {
  yield event("response.output_item.added", { output_index: index, item });
  yield event("response.output_item.done", { output_index: index, item });
}

/** The tools that prompts name, as Codex knows them. */
function toolItem({ name, input }: Extract<Step, { kind: "tool" }>, id: string): Item {
  const call = callOf(name, input);
  const about = { id: `fc_${id}`, call_id: `call_${id}`, name: call.name };
  if ("text" in call) return { type: "custom_tool_call", ...about, input: call.text };
  return { type: "function_call", ...about, arguments: JSON.stringify(call.input) };
}

type Call =
  | { readonly name: string; readonly text: string }
  | { readonly name: string; readonly input: Record<string, unknown> };

function callOf(name: string, input: Record<string, unknown>): Call {
  const field = (key: string): string => (typeof input[key] === "string" ? input[key] : "");
  switch (name) {
    case "Bash":
      return { name: "exec_command", input: { cmd: field("command"), yield_time_ms: 30_000 } };
    case "Read":
      return { name: "exec_command", input: { cmd: `cat ${field("file_path")}` } };
    case "Write":
      return { name: "apply_patch", text: addFile(field("file_path"), field("content")) };
    case "apply_patch":
      return { name, text: field("input") };
    case "AskUserQuestion":
      return { name: "request_user_input", input: { questions: questionsOf(input["questions"]) } };
    case "Agent":
      return { name: "spawn_agent", input: { message: field("prompt") } };
    default:
      return { name, input };
  }
}

function addFile(path: string, content: string): string {
  const lines = content.split("\n").map((line) => `+${line}`);
  return ["*** Begin Patch", `*** Add File: ${path}`, ...lines, "*** End Patch"].join("\n");
}

function questionsOf(questions: unknown): Record<string, unknown>[] {
  if (!Array.isArray(questions)) return [];
  return questions.map((question: Record<string, unknown>, index) => ({
    id: `question_${String(index)}`,
    header: question["header"],
    question: question["question"],
    options: question["options"],
  }));
}

function event(type: string, fields: Record<string, unknown>): WireStep {
  return { kind: "event", event: { type, ...fields } };
}
