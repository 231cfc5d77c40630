import type { Step } from "./directives.ts";
import type { MessagesRequest, Reply } from "./scripted-reply.ts";
import { pieces, textPieces, withoutGates } from "./scripted-server.ts";
import type { WireStep } from "./scripted-server.ts";

/** A reply as server-sent events of the Messages API. */
export function* wireSteps(reply: Reply, request: MessagesRequest, messageId: string): Generator<WireStep> {
  const message = emptyMessage(request, messageId);
  yield event("message_start", { message });
  let index = 0;
  for (const step of reply.steps) {
    switch (step.kind) {
      case "text":
        yield* textBlock(index++, step);
        break;
      case "thinking":
        yield* thinkingBlock(index++, step.text);
        break;
      case "tool":
        yield* toolBlock(index, step, `toolu_${reply.seed}_${String(index)}`);
        index += 1;
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
  const usage = { output_tokens: index * 10 };
  yield event("message_delta", { delta: { stop_reason: reply.stopReason, stop_sequence: null }, usage });
  yield event("message_stop", {});
}

/** The same reply for a client that did not ask for a stream. */
export function wholeMessage(reply: Reply, request: MessagesRequest, messageId: string): Record<string, unknown> {
  const content = reply.steps.flatMap((step, index): Record<string, unknown>[] => {
    if (step.kind === "text") return [{ type: "text", text: withoutGates(step.text) }];
    if (step.kind === "thinking") return [{ type: "thinking", thinking: step.text, signature: "scripted" }];
    if (step.kind !== "tool") return [];
    const id = `toolu_${reply.seed}_${String(index)}`;
    return [{ type: "tool_use", id, name: step.name, input: step.input }];
  });
  return { ...emptyMessage(request, messageId), content, stop_reason: reply.stopReason };
}

function emptyMessage(request: MessagesRequest, id: string): Record<string, unknown> {
  const usage = { input_tokens: 100, output_tokens: 1, cache_read_input_tokens: 20, cache_creation_input_tokens: 0 };
  const head = { id, type: "message", role: "assistant", model: request.model };
  return { ...head, content: [], stop_reason: null, stop_sequence: null, usage };
}

function* textBlock(index: number, step: Extract<Step, { kind: "text" }>): Generator<WireStep> {
  yield event("content_block_start", { index, content_block: { type: "text", text: "" } });
  yield* textPieces(step, (text) => event("content_block_delta", { index, delta: { type: "text_delta", text } }));
  yield event("content_block_stop", { index });
}

function* thinkingBlock(index: number, text: string): Generator<WireStep> {
  yield event("content_block_start", { index, content_block: { type: "thinking", thinking: "", signature: "" } });
  for (const part of pieces(text, 2)) {
    yield event("content_block_delta", { index, delta: { type: "thinking_delta", thinking: part } });
  }
  yield event("content_block_delta", { index, delta: { type: "signature_delta", signature: "scripted" } });
  yield event("content_block_stop", { index });
}

function* toolBlock(index: number, step: Extract<Step, { kind: "tool" }>, id: string): Generator<WireStep> {
  const block = { type: "tool_use", id, name: step.name, input: {} };
  yield event("content_block_start", { index, content_block: block });
  for (const part of pieces(JSON.stringify(step.input), 2)) {
    yield event("content_block_delta", { index, delta: { type: "input_json_delta", partial_json: part } });
  }
  yield event("content_block_stop", { index });
}

function event(type: string, fields: Record<string, unknown>): WireStep {
  return { kind: "event", event: { type, ...fields } };
}
