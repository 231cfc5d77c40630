import { z } from "zod";

/**
 * The messages of Claude Code that steer the driver. Everything else, and the same messages as rows of the transcript,
 * is the normaliser's. Unknown fields and types are expected: the format grows with every release.
 */
const init = z.looseObject({
  type: z.literal("system"),
  subtype: z.literal("init"),
  session_id: z.string(),
  model: z.string().optional(),
  claude_code_version: z.string().optional(),
});

const apiRetry = z.looseObject({
  type: z.literal("system"),
  subtype: z.literal("api_retry"),
  attempt: z.number(),
  max_retries: z.number().optional(),
  error_status: z.number().nullish(),
  error: z.string().nullish(),
});

const streamEvent = z.looseObject({
  type: z.literal("stream_event"),
  parent_tool_use_id: z.string().nullish(),
  api_message_id: z.string().nullish(),
  event: z.looseObject({ type: z.string() }),
});

/** Of a prompt that we gave an id. */
const lifecycle = z.looseObject({
  type: z.literal("command_lifecycle"),
  command_uuid: z.string(),
  state: z.string(),
});

const modelUsage = z.looseObject({
  costUSD: z.number().optional(),
  contextWindow: z.number().optional(),
});
const result = z.looseObject({
  type: z.literal("result"),
  subtype: z.string(),
  is_error: z.boolean().default(false),
  result: z.string().optional(),
  errors: z.array(z.string()).optional(),
  terminal_reason: z.string().nullish(),
  api_error_status: z.number().nullish(),
  duration_ms: z.number().optional(),
  user_message_uuid: z.string().optional(),
  user_message_uuids: z.array(z.string()).optional(),
  usage: z
    .looseObject({
      input_tokens: z.number().optional(),
      output_tokens: z.number().optional(),
      cache_read_input_tokens: z.number().nullish(),
      cache_creation_input_tokens: z.number().nullish(),
    })
    .optional(),
  modelUsage: z.record(z.string(), modelUsage).optional(),
  model_usage_since_last_result: z.record(z.string(), modelUsage).optional(),
});
export type ResultMessage = z.infer<typeof result>;

const assistant = z.looseObject({
  type: z.literal("assistant"),
  parent_tool_use_id: z.string().nullish(),
  /** Set on messages that stand for an API failure. */
  error: z.string().nullish(),
  is_api_error_message: z.boolean().optional(),
  message: z.looseObject({
    id: z.string().optional(),
    usage: z
      .looseObject({
        input_tokens: z.number().optional(),
        cache_read_input_tokens: z.number().nullish(),
        cache_creation_input_tokens: z.number().nullish(),
      })
      .nullish(),
  }),
});
export type AssistantMessage = z.infer<typeof assistant>;

export type ClaudeMessage =
  | { readonly kind: "init"; readonly message: z.infer<typeof init> }
  | { readonly kind: "api_retry"; readonly message: z.infer<typeof apiRetry> }
  | { readonly kind: "stream_event"; readonly message: z.infer<typeof streamEvent> }
  | { readonly kind: "lifecycle"; readonly message: z.infer<typeof lifecycle> }
  | { readonly kind: "result"; readonly message: ResultMessage }
  | { readonly kind: "assistant"; readonly message: AssistantMessage }
  | { readonly kind: "other" };

const envelope = z.looseObject({ type: z.string(), subtype: z.string().optional() });

export function readClaudeMessage(raw: unknown): ClaudeMessage {
  const head = envelope.safeParse(raw);
  if (!head.success) return { kind: "other" };
  const { type, subtype } = head.data;
  if (type === "system" && subtype === "init") return as("init", init.safeParse(raw));
  if (type === "system" && subtype === "api_retry") return as("api_retry", apiRetry.safeParse(raw));
  if (type === "stream_event") return as("stream_event", streamEvent.safeParse(raw));
  if (type === "command_lifecycle") return as("lifecycle", lifecycle.safeParse(raw));
  if (type === "result") return as("result", result.safeParse(raw));
  if (type === "assistant") return as("assistant", assistant.safeParse(raw));
  return { kind: "other" };
}

type Parsed<M> = { success: true; data: M } | { success: false };

function as<K extends string, M>(kind: K, parsed: Parsed<M>): { kind: K; message: M } | { kind: "other" } {
  return parsed.success ? { kind, message: parsed.data } : { kind: "other" };
}
