import { createHash } from "node:crypto";
import { z } from "zod";
import { hasDirectives, parseDirectives } from "./directives.ts";
import type { Step } from "./directives.ts";

/**
 * What the scripted model answers to a request: a pure function of the request's messages. How far the script has come
 * is counted from the tool results behind the prompt, so a resumed session and a retried request find their place.
 */
const block = z.looseObject({ type: z.string(), text: z.string().optional() });
const apiMessage = z.looseObject({ role: z.string(), content: z.union([z.string(), z.array(block)]) });
export const messagesRequest = z.looseObject({
  model: z.string().default("scripted"),
  stream: z.boolean().default(false),
  max_tokens: z.number().optional(),
  messages: z.array(apiMessage),
});
export type MessagesRequest = z.infer<typeof messagesRequest>;
type ApiMessage = z.infer<typeof apiMessage>;

export interface Reply {
  readonly steps: readonly Step[];
  readonly stopReason: "end_turn" | "tool_use";
  /** Makes the reply's tool call ids: the same for a retry, another for every other request. */
  readonly seed: string;
}

export function planReply(request: MessagesRequest): Reply {
  const { prompt, results } = findPrompt(request.messages);
  const steps = stepsAfter(prompt, results);
  const stopReason = steps.some((step) => step.kind === "tool") ? "tool_use" : "end_turn";
  return { steps, stopReason, seed: seedOf(request.messages) };
}

/** What is to be said to a prompt when so many results of its tools are in. */
export function stepsAfter(prompt: string, results: number): readonly Step[] {
  const messages = groupByMessage(parseDirectives(prompt));
  const steps = messages[messageAfter(messages, results)] ?? [];
  return steps.length > 0 ? steps : parseDirectives("[[say: done]]");
}

/** The same for the same conversation. */
export function seedOf(conversation: unknown): string {
  return createHash("sha256").update(JSON.stringify(conversation)).digest("hex").slice(0, 16);
}

/** The last thing a person said, and how many tool results came after it. */
function findPrompt(messages: readonly ApiMessage[]): { prompt: string; results: number } {
  let results = 0;
  for (const message of [...messages].reverse()) {
    if (message.role !== "user") continue;
    const blocks = blocksOf(message);
    const answered = blocks.filter((item) => item.type === "tool_result").length;
    const texts = blocks.flatMap((item) => (item.type === "text" && item.text !== undefined ? [item.text] : []));
    const said = texts.filter((text) => !text.startsWith("<system-reminder>")).at(-1);
    if (said !== undefined && (answered === 0 || hasDirectives(said))) return { prompt: said, results };
    results += answered;
  }
  return { prompt: "", results };
}

function blocksOf(message: ApiMessage): z.infer<typeof block>[] {
  return typeof message.content === "string" ? [{ type: "text", text: message.content }] : message.content;
}

/** A message ends after a tool call, or after the last of several parallel ones. */
function groupByMessage(steps: readonly Step[]): Step[][] {
  const messages: Step[][] = [[]];
  let parallel = false;
  steps.forEach((step, index) => {
    messages.at(-1)?.push(step);
    if (step.kind === "parallel") parallel = true;
    if (step.kind !== "tool") return;
    if (parallel && steps[index + 1]?.kind === "tool") return;
    parallel = false;
    messages.push([]);
  });
  return messages;
}

/** The message whose turn it is when so many tool results are in. */
function messageAfter(messages: readonly Step[][], results: number): number {
  let calls = 0;
  for (const [index, steps] of messages.entries()) {
    if (calls >= results) return index;
    calls += steps.filter((step) => step.kind === "tool").length;
  }
  return messages.length - 1;
}
