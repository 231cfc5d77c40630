import { z } from "zod";
import { hasDirectives } from "./directives.ts";
import type { Step } from "./directives.ts";
import { seedOf, stepsAfter } from "./scripted-reply.ts";
import { responseSteps } from "./scripted-response-stream.ts";
import { startScriptedServer } from "./scripted-server.ts";
import type { ScriptedAnswer, ScriptedRequest, ScriptedServer } from "./scripted-server.ts";

/**
 * OpenAI's Responses API on loopback, steered by prompts like the scripted Messages API, with the tools that Codex
 * gives the model "gpt-5.5": `exec_command` and `apply_patch`. Every answer follows from its request alone.
 */
const part = z.looseObject({ type: z.string(), text: z.string().optional() });
const inputItem = z.looseObject({
  type: z.string().default("message"),
  role: z.string().optional(),
  content: z.union([z.string(), z.array(part)]).nullish(),
});
export const responsesRequest = z.looseObject({
  model: z.string().default("scripted"),
  input: z.array(inputItem),
});
export type ResponsesRequest = z.infer<typeof responsesRequest>;
type InputItem = z.infer<typeof inputItem>;

export interface ScriptedResponsesApi extends ScriptedServer {
  /** The requests of conversations, in order. */
  conversation(): readonly ResponsesRequest[];
}

export async function startScriptedResponsesApi(options: { port?: number } = {}): Promise<ScriptedResponsesApi> {
  const server = await startScriptedServer(answer, options.port);
  return { ...server, conversation: () => server.requests.flatMap(conversationOf) };
}

function answer(request: ScriptedRequest, requests: readonly ScriptedRequest[]): ScriptedAnswer {
  const [asked] = conversationOf(request);
  if (asked === undefined) return { kind: "json", status: 404, body: { error: { message: "Not scripted." } } };
  const seed = seedOf(asked.input);
  const attempt = requests.flatMap(conversationOf).filter((one) => seedOf(one.input) === seed).length;
  const { prompt, results } = findPrompt(asked.input);
  const steps = stepsAfter(prompt, results);
  const refusal = steps.find((step): step is Extract<Step, { kind: "http" }> => step.kind === "http");
  if (refusal !== undefined && attempt <= refusal.times) {
    const error = { message: refusal.message, type: "scripted", code: null };
    return { kind: "json", status: refusal.status, body: { error } };
  }
  return { kind: "stream", steps: responseSteps(steps, { seed, attempt }), attempt };
}

function conversationOf({ method, path, body }: ScriptedRequest): ResponsesRequest[] {
  if (method !== "POST" || !path.endsWith("/responses")) return [];
  const parsed = responsesRequest.safeParse(body);
  return parsed.success ? [parsed.data] : [];
}

/** Codex tells the model of its surroundings in messages of the user's. */
const SURROUNDINGS = /^\s*(?:<|# AGENTS\.md)/;

/** The last thing a person said, and how many results of tools came behind it. */
function findPrompt(input: readonly InputItem[]): { prompt: string; results: number } {
  let results = 0;
  for (const item of [...input].reverse()) {
    if (item.type.endsWith("_output")) results += 1;
    if (item.type !== "message" || item.role !== "user") continue;
    const said = textsOf(item)
      .filter((text) => !SURROUNDINGS.test(text))
      .at(-1);
    if (said !== undefined && (results === 0 || hasDirectives(said))) return { prompt: said, results };
  }
  return { prompt: "", results };
}

function textsOf({ content }: InputItem): string[] {
  if (typeof content === "string") return [content];
  return (content ?? []).flatMap(({ text }) => (text === undefined ? [] : [text]));
}
