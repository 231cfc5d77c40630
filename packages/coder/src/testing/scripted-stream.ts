import type { Step } from "./directives.ts";
import type { MessagesRequest, Reply } from "./scripted-reply.ts";

/** What happens on the wire, in order: server-sent events of the Messages API, and what a script does between them. */
export type WireStep =
  | { readonly kind: "event"; readonly event: { readonly type: string } & Record<string, unknown> }
  | { readonly kind: "delay"; readonly ms: number }
  | Extract<Step, { kind: "gate" | "hang" | "cut" }>;

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
    if (step.kind === "text") return [{ type: "text", text: step.text.replaceAll(GATES, "") }];
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

/** `{gate NAME}` within a text: the rest of it waits there. */
const GATE = /\{gate (\w+)\}/;
const GATES = new RegExp(GATE, "g");

function* textBlock(index: number, step: Extract<Step, { kind: "text" }>): Generator<WireStep> {
  yield event("content_block_start", { index, content_block: { type: "text", text: "" } });
  // Odd parts are the names of gates.
  for (const [at, piece] of step.text.split(GATE).entries()) {
    if (at % 2 === 1) yield { kind: "gate", name: piece };
    else
      for (const part of pieces(piece, step.deltas)) {
        yield event("content_block_delta", { index, delta: { type: "text_delta", text: part } });
        if (step.delayMs > 0) yield { kind: "delay", ms: step.delayMs };
      }
  }
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

function pieces(text: string, count: number): string[] {
  const size = Math.max(1, Math.ceil(text.length / count));
  const parts: string[] = [];
  for (let at = 0; at < text.length; at += size) parts.push(text.slice(at, at + size));
  return parts;
}
