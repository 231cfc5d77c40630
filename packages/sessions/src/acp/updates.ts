import { z } from "zod";

/** What an agent says of its work, as far as we need it: ACP v1, `session/update`. New fields and kinds are expected. */
const meta = z.record(z.string(), z.unknown()).nullish().catch(undefined);

export const contentBlock = z.looseObject({
  type: z.string(),
  text: z.string().optional().catch(undefined),
  data: z.string().optional().catch(undefined),
  mimeType: z.string().nullish().catch(undefined),
  uri: z.string().nullish().catch(undefined),
  name: z.string().nullish().catch(undefined),
  resource: z.looseObject({ uri: z.string().optional(), text: z.string().optional() }).optional().catch(undefined),
});
export type ContentBlock = z.infer<typeof contentBlock>;

const toolContent = z.looseObject({
  type: z.string(),
  content: contentBlock.optional().catch(undefined),
  path: z.string().optional().catch(undefined),
  oldText: z.string().nullish().catch(undefined),
  newText: z.string().optional().catch(undefined),
});
export type ToolContent = z.infer<typeof toolContent>;

/** A call, whole or what is new of it: what is absent stays as it was. */
export const toolUpdate = z.looseObject({
  toolCallId: z.string().min(1).max(500),
  title: z.string().nullish().catch(undefined),
  name: z.string().nullish().catch(undefined),
  kind: z.string().nullish().catch(undefined),
  status: z.string().nullish().catch(undefined),
  content: z.array(toolContent).max(1000).nullish().catch(undefined),
  locations: z
    .array(z.looseObject({ path: z.string() }))
    .max(1000)
    .nullish()
    .catch(undefined),
  rawInput: z.unknown().optional(),
  rawOutput: z.unknown().optional(),
  _meta: meta,
});
export type ToolUpdate = z.infer<typeof toolUpdate>;

export const chunk = z.looseObject({
  content: contentBlock,
  messageId: z.string().nullish().catch(undefined),
  _meta: meta,
});
export type Chunk = z.infer<typeof chunk>;

export const plan = z.looseObject({
  entries: z.array(z.looseObject({ content: z.string(), status: z.string().catch("pending") })).max(1000),
});
export const usageUpdate = z.looseObject({
  used: z.number(),
  size: z.number(),
  cost: z.looseObject({ amount: z.number(), currency: z.string() }).nullish().catch(undefined),
});
export const modeUpdate = z.looseObject({ currentModeId: z.string() });
export const infoUpdate = z.looseObject({ title: z.string().nullish() });
export const notice = z.looseObject({
  severity: z.string().catch("info"),
  title: z.string(),
  description: z.string().nullish(),
});
export const compaction = z.looseObject({
  compactionId: z.string(),
  status: z.string(),
  summary: z.array(contentBlock).nullish().catch(undefined),
});

const promptUsage = z.looseObject({
  inputTokens: z.number().nullish().catch(undefined),
  outputTokens: z.number().nullish().catch(undefined),
  cachedReadTokens: z.number().nullish().catch(undefined),
  cachedWriteTokens: z.number().nullish().catch(undefined),
  thoughtTokens: z.number().nullish().catch(undefined),
});
/** The answer to `session/prompt`. Its usage is not in the stable protocol, and agents send it. */
export const promptEnd = z.looseObject({ stopReason: z.string(), usage: promptUsage.nullish().catch(undefined) });
export type PromptEnd = z.infer<typeof promptEnd>;

export const sessionUpdate = z.looseObject({ sessionUpdate: z.string() });
