import { z } from "zod";

/**
 * Claude Code's own records, as loosely as they can be read: rows of a session file (JSONL, camelCase) and messages
 * of the SDK's stream (snake_case) become one shape. The format is internal to Claude Code and grows with every
 * version, so a field of the wrong type is a field that is not there, and only the type and the message must be right.
 */
const text = z.string().optional().catch(undefined);
const flag = z.boolean().optional().catch(undefined);
const count = z.number().optional().catch(undefined);

/** A block of content. Looked at by hand: a session has tens of thousands, and a schema that fails is slow. */
export interface Block {
  readonly type: string;
  readonly [field: string]: unknown;
}

function isBlock(value: unknown): value is Block {
  return typeof value === "object" && value !== null && "type" in value && typeof value.type === "string";
}

/** The words of a text block. */
export function textOf(block: Block | undefined): string | undefined {
  return block?.type === "text" && typeof block["text"] === "string" ? block["text"] : undefined;
}

/** All words of a content. */
export function wordsOf(content: NativeMessage["content"]): string {
  return blocksOf(content)
    .map((block) => textOf(block) ?? "")
    .join("\n");
}

/** Whether a value has a field: to be asked before a schema is tried that mostly fails. */
export function hasField(value: unknown, name: string): boolean {
  return typeof value === "object" && value !== null && name in value;
}

const usage = z.looseObject({
  input_tokens: count,
  output_tokens: count,
  cache_read_input_tokens: count,
  cache_creation_input_tokens: count,
});
export type NativeUsage = z.infer<typeof usage>;

const message = z.looseObject({
  id: text,
  model: text,
  content: z.union([z.string(), z.array(z.unknown())]),
  stop_reason: text,
  usage: usage.optional().catch(undefined),
});
export type NativeMessage = z.infer<typeof message>;

const envelope = z.looseObject({
  type: z.string(),
  subtype: text,
  uuid: text,
  parentUuid: text,
  timestamp: text,
  sessionId: text,
  session_id: text,
  cwd: text,
  version: text,
  claude_code_version: text,
  gitBranch: text,
  isSidechain: flag,
  isMeta: flag,
  isSynthetic: flag,
  isCompactSummary: flag,
  isApiErrorMessage: flag,
  is_api_error_message: flag,
  agentId: text,
  parent_tool_use_id: text,
  error: z.unknown().optional(),
  message: message.optional().catch(undefined),
});

/** A record with both spellings folded. `raw` is the record as it came. */
export interface NativeRecord {
  readonly type: string;
  readonly subtype: string | undefined;
  /** `undefined` when the record has none, or one that cannot be part of a row's key. */
  readonly uuid: string | undefined;
  readonly parentUuid: string | undefined;
  readonly ts: number | undefined;
  readonly sessionId: string | undefined;
  readonly cwd: string | undefined;
  readonly version: string | undefined;
  readonly gitBranch: string | undefined;
  readonly isSidechain: boolean;
  /** Text for the model that nobody typed. */
  readonly isMeta: boolean;
  readonly isCompactSummary: boolean;
  readonly isApiErrorMessage: boolean;
  readonly agentId: string | undefined;
  readonly parentCallId: string | undefined;
  readonly toolUseResult: unknown;
  readonly message: NativeMessage | undefined;
  readonly raw: Readonly<Record<string, unknown>>;
}

const MAX_ID = 200;
const isId = (id: string | undefined) => (id !== undefined && id.length > 0 && id.length <= MAX_ID ? id : undefined);

/** Reads a record; `undefined` when it is not an object with a type. */
export function readRecord(raw: unknown): NativeRecord | undefined {
  const parsed = envelope.safeParse(raw);
  if (!parsed.success) return undefined;
  const { data } = parsed;
  const ts = data.timestamp === undefined ? Number.NaN : Date.parse(data.timestamp);
  return {
    type: data.type,
    subtype: data.subtype,
    uuid: isId(data.uuid),
    parentUuid: isId(data.parentUuid),
    ts: Number.isFinite(ts) ? ts : undefined,
    sessionId: data.sessionId ?? data.session_id,
    cwd: data.cwd,
    version: data.version ?? data.claude_code_version,
    gitBranch: data.gitBranch,
    isSidechain: data.isSidechain ?? false,
    isMeta: data.isMeta ?? data.isSynthetic ?? false,
    isCompactSummary: data.isCompactSummary ?? false,
    isApiErrorMessage: data.isApiErrorMessage ?? data.is_api_error_message ?? false,
    agentId: isId(data.agentId),
    parentCallId: isId(data.parent_tool_use_id),
    toolUseResult: data["toolUseResult"] ?? data["tool_use_result"],
    message: data.message,
    raw: data,
  };
}

/** The blocks of a message. A string is one text block; what is no block comes back as `undefined` in its place. */
export function blocksOf(content: NativeMessage["content"]): (Block | undefined)[] {
  if (typeof content === "string") return [{ type: "text", text: content }];
  return content.map((entry) => (isBlock(entry) ? entry : undefined));
}

export const thinkingBlock = z.looseObject({ type: z.literal("thinking"), thinking: z.string() });
export const toolUseBlock = z.looseObject({ id: z.string().min(1).max(MAX_ID), name: z.string(), input: z.unknown() });
export const toolResultBlock = z.looseObject({
  tool_use_id: z.string().min(1).max(MAX_ID),
  content: z.unknown(),
  is_error: flag,
});
/** Images and documents. */
export const sourceBlock = z.looseObject({
  type: z.enum(["image", "document"]),
  title: text,
  source: z.looseObject({ type: z.string(), media_type: text, data: text, url: text, file_id: text }),
});
