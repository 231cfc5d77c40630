import { z } from "zod";

/**
 * The vocabulary of a session's transcript: what every agent's records are normalised to.
 * An event is data about what happened; nothing in it says who is allowed to do anything.
 */
const v = z.literal(1).default(1);

export const TOOL_NAMES = [
  "terminal",
  "file_read",
  "file_edit",
  "file_write",
  "file_search",
  "content_search",
  "web_search",
  "web_fetch",
  "sub_agent",
  "plan",
] as const;
export type ToolName = (typeof TOOL_NAMES)[number];

export const usage = z.object({
  inputTokens: z.number().optional(),
  outputTokens: z.number().optional(),
  cachedInputTokens: z.number().optional(),
  cacheWriteTokens: z.number().optional(),
  reasoningOutputTokens: z.number().optional(),
  /** US dollars, of this turn. */
  costUsd: z.number().optional(),
  /** Tokens in the context after the turn, and how many fit. */
  contextTokens: z.number().optional(),
  contextWindow: z.number().optional(),
});
export type Usage = z.infer<typeof usage>;

/** Large content kept beside the transcript: the row has the first and last part of it. */
export const blobRef = z.object({ sha256: z.string(), size: z.number(), mime: z.string().optional() });
export const attachment = z.object({
  kind: z.enum(["image", "file"]),
  mime: z.string(),
  name: z.string().optional(),
  /** Bytes of the original. */
  size: z.number().optional(),
  /** Where the original is, when it is too large for the row. */
  blob: blobRef.optional(),
  /** The original in base64, when it is small. */
  data: z.string().optional(),
});
export type BlobRef = z.infer<typeof blobRef>;
export type Attachment = z.infer<typeof attachment>;

export const fileChange = z.object({
  path: z.string(),
  kind: z.enum(["add", "edit", "delete", "rename"]),
  diff: z.string().optional(),
  movedTo: z.string().optional(),
});
export type FileChange = z.infer<typeof fileChange>;

const decision = z.enum(["allow", "allow_session", "deny", "cancelled"]);

export const questionItem = z.object({
  question: z.string(),
  header: z.string().optional(),
  multiSelect: z.boolean().optional(),
  options: z.array(z.object({ label: z.string(), description: z.string().optional() })),
});

export const transcriptEvent = z.discriminatedUnion("type", [
  z.object({
    v,
    type: z.literal("session_init"),
    agent: z.string(),
    nativeSessionId: z.string().optional(),
    cwd: z.string().optional(),
    model: z.string().optional(),
    agentVersion: z.string().optional(),
    git: z.looseObject({}).optional(),
  }),
  z.object({
    v,
    type: z.literal("user_message"),
    text: z.string(),
    attachments: z.array(attachment).optional(),
    blob: blobRef.optional(),
  }),
  z.object({ v, type: z.literal("user_message_queued"), text: z.string() }),
  z.object({
    v,
    type: z.literal("assistant_message"),
    text: z.string(),
    phase: z.enum(["commentary", "final"]).optional(),
    blob: blobRef.optional(),
  }),
  /** `text` is null when the agent gave none or only an encrypted form. */
  z.object({
    v,
    type: z.literal("thinking"),
    summary: z.string().optional(),
    text: z.string().nullable(),
    blob: blobRef.optional(),
  }),
  z.object({
    v,
    type: z.literal("tool_call"),
    callId: z.string(),
    tool: z.string(),
    originalTool: z.string(),
    originalAgent: z.string(),
    input: z.record(z.string(), z.unknown()),
  }),
  z.object({
    v,
    type: z.literal("tool_result"),
    callId: z.string(),
    output: z.string(),
    isError: z.boolean(),
    exitCode: z.number().optional(),
    blob: blobRef.optional(),
    attachments: z.array(attachment).optional(),
  }),
  z.object({
    v,
    type: z.literal("permission_request"),
    requestId: z.string(),
    callId: z.string().optional(),
    tool: z.string(),
    originalTool: z.string().optional(),
    input: z.record(z.string(), z.unknown()),
    title: z.string().optional(),
    reason: z.string().optional(),
    canAllowSession: z.boolean().optional(),
  }),
  z.object({
    v,
    type: z.literal("permission_response"),
    requestId: z.string(),
    decision,
    user: z.string().optional(),
    message: z.string().optional(),
    updatedInput: z.record(z.string(), z.unknown()).optional(),
  }),
  z.object({
    v,
    type: z.literal("question"),
    requestId: z.string(),
    callId: z.string().optional(),
    questions: z.array(questionItem),
  }),
  z.object({
    v,
    type: z.literal("answer"),
    requestId: z.string(),
    answers: z.record(z.string(), z.string()),
    user: z.string().optional(),
    cancelled: z.boolean().optional(),
  }),
  z.object({
    v,
    type: z.literal("plan"),
    callId: z.string().optional(),
    items: z.array(z.object({ text: z.string(), status: z.enum(["pending", "in_progress", "completed"]) })),
  }),
  z.object({ v, type: z.literal("file_change"), callId: z.string().optional(), changes: z.array(fileChange) }),
  z.object({
    v,
    type: z.literal("subagent"),
    phase: z.enum(["start", "end"]),
    callId: z.string().optional(),
    agentId: z.string().optional(),
    title: z.string().optional(),
    isError: z.boolean().optional(),
    /** At the end of a sub-agent that ran in the background: its answer. */
    text: z.string().optional(),
  }),
  z.object({
    v,
    type: z.literal("turn_complete"),
    success: z.boolean().optional(),
    usage: usage.optional(),
    durationMs: z.number().optional(),
  }),
  z.object({ v, type: z.literal("turn_aborted"), reason: z.string(), user: z.string().optional() }),
  z.object({
    v,
    type: z.literal("compaction"),
    summary: z.string().optional(),
    trigger: z.string().optional(),
    tokensBefore: z.number().optional(),
    tokensAfter: z.number().optional(),
  }),
  z.object({
    v,
    type: z.literal("error"),
    code: z.string().optional(),
    message: z.string(),
    retryable: z.boolean().optional(),
  }),
  /** What the person should see and nobody said: `kind` tells a command from its output, a change of model, a hook. */
  z.object({ v, type: z.literal("notice"), text: z.string(), kind: z.string().optional() }),
  z.object({ v, type: z.literal("title"), title: z.string() }),
  z.object({ v, type: z.literal("takeover"), from: z.string().optional(), to: z.string() }),
  z.object({
    v,
    type: z.literal("handoff"),
    from: z.string(),
    to: z.string(),
    kept: z.record(z.string(), z.number()),
    dropped: z.record(z.string(), z.number()),
  }),
  z.object({ v, type: z.literal("session_end"), reason: z.string().optional() }),
  /** What the agent sent and we do not know: kept whole, shown as JSON. */
  z.object({ v, type: z.literal("unknown"), agent: z.string(), raw: z.unknown() }),
]);
export type TranscriptEvent = z.infer<typeof transcriptEvent>;
export type TranscriptEventType = TranscriptEvent["type"];
