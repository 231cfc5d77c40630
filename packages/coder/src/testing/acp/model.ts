import { createInterface } from "node:readline";
import { Readable } from "node:stream";
import { z } from "zod";

/** A call of the scripted Messages API, as an agent makes it. */
export interface Message {
  readonly role: "user" | "assistant";
  readonly content: readonly object[];
}
export interface ToolUse {
  readonly id: string;
  readonly name: string;
  readonly input: Record<string, unknown>;
}
export interface Reply {
  readonly text: string;
  readonly tools: readonly ToolUse[];
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** It was cut off: what had come until then. */
  readonly aborted: boolean;
}

export class ProviderError extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

const streamed = z.looseObject({
  type: z.string(),
  index: z.number().optional(),
  content_block: z.looseObject({ type: z.string(), id: z.string().optional(), name: z.string().optional() }).optional(),
  delta: z
    .looseObject({ type: z.string().optional(), text: z.string().optional(), partial_json: z.string().optional() })
    .optional(),
  usage: z.looseObject({ output_tokens: z.number().optional() }).optional(),
  message: z.looseObject({ usage: z.looseObject({ input_tokens: z.number() }) }).optional(),
});

const ATTEMPTS = 2;

/** A whole reply; `onText` hears its text as it comes, nothing of it twice. A failed call is tried once more. */
export async function callModel(
  messages: readonly Message[],
  { url, signal, onText }: { url: string; signal: AbortSignal; onText: (block: number, text: string) => void },
): Promise<Reply> {
  const told = new Map<number, number>();
  const hear = (block: number, whole: string): void => {
    const before = told.get(block) ?? 0;
    if (whole.length <= before) return;
    told.set(block, whole.length);
    onText(block, whole.slice(before));
  };
  for (let attempt = 1; ; attempt++) {
    try {
      return await callOnce(messages, { url, signal, hear });
    } catch (error) {
      if (attempt === ATTEMPTS || (error instanceof ProviderError && error.status === 401)) throw error;
    }
  }
}

interface Block {
  text: string;
  json: string;
  tool: { readonly id: string; readonly name: string } | undefined;
}

async function callOnce(
  messages: readonly Message[],
  { url, signal, hear }: { url: string; signal: AbortSignal; hear: (block: number, whole: string) => void },
): Promise<Reply> {
  const blocks = new Map<number, Block>();
  let usage = { inputTokens: 0, outputTokens: 0 };
  let finished = false;
  const reply = (aborted: boolean): Reply => ({ ...collected([...blocks.values()]), ...usage, aborted });
  try {
    const body = JSON.stringify({ model: "scripted", stream: true, max_tokens: 1000, messages });
    const response = await fetch(`${url}/v1/messages`, { method: "POST", body, signal });
    if (!response.ok) throw new ProviderError(response.status, `The provider answered ${String(response.status)}.`);
    if (response.body === null) throw new Error("The answer has no body.");
    for await (const line of createInterface({ input: Readable.fromWeb(response.body) })) {
      if (!line.startsWith("data: ")) continue;
      const event = streamed.parse(JSON.parse(line.slice(6)));
      if (event.message) usage = { ...usage, inputTokens: event.message.usage.input_tokens };
      if (event.usage) usage = { ...usage, outputTokens: event.usage.output_tokens ?? 0 };
      if (event.type === "message_stop") finished = true;
      take(blocks, event, hear);
    }
  } catch (error) {
    if (signal.aborted) return reply(true);
    throw error;
  }
  if (signal.aborted) return reply(true);
  if (!finished) throw new Error("The stream broke.");
  return reply(false);
}

function take(
  blocks: Map<number, Block>,
  { index = 0, content_block: begun, delta }: z.infer<typeof streamed>,
  hear: (block: number, whole: string) => void,
): void {
  if (begun !== undefined) {
    const { type, id = "", name = "" } = begun;
    blocks.set(index, { text: "", json: "", tool: type === "tool_use" ? { id, name } : undefined });
  }
  const block = blocks.get(index);
  if (block === undefined || delta === undefined) return;
  block.json += delta.partial_json ?? "";
  block.text += delta.text ?? "";
  if (delta.text !== undefined) hear(index, block.text);
}

const input = z.record(z.string(), z.unknown());

function collected(blocks: readonly Block[]): Pick<Reply, "text" | "tools"> {
  const tools = blocks.flatMap(({ tool, json }) =>
    tool === undefined ? [] : [{ ...tool, input: input.parse(JSON.parse(json === "" ? "{}" : json)) }],
  );
  return { text: blocks.map(({ text }) => text).join(""), tools };
}
