import { z } from "zod";
import type { NativeDelta } from "../normalised.ts";
import { remember } from "../output.ts";
import { type ClaudeState } from "./state.ts";

/** The parts of the Messages API's stream events that deltas are made of. */
const started = z.looseObject({
  type: z.literal("message_start"),
  message: z.looseObject({ id: z.string().min(1).max(200) }),
});
const opened = z.looseObject({
  type: z.literal("content_block_start"),
  index: z.number().int(),
  content_block: z.looseObject({ type: z.string(), id: z.string().optional().catch(undefined) }),
});
const delta = z.looseObject({
  type: z.literal("content_block_delta"),
  index: z.number().int(),
  delta: z.looseObject({
    text: z.string().optional().catch(undefined),
    thinking: z.string().optional().catch(undefined),
    partial_json: z.string().optional().catch(undefined),
  }),
});

/** A `stream_event` as the delta it adds, if it adds any. */
export function deltaOf(state: ClaudeState, event: unknown, parentCallId: string | undefined): NativeDelta | undefined {
  const thread = parentCallId ?? "";
  const start = started.safeParse(event);
  if (start.success) {
    remember(state.streams, thread, { messageId: start.data.message.id, index: 0, callId: undefined, at: 0 });
    return undefined;
  }
  const stream = state.streams.get(thread);
  if (stream === undefined) return undefined;
  const open = opened.safeParse(event);
  if (open.success) {
    const { type, id } = open.data.content_block;
    Object.assign(stream, { index: open.data.index, at: 0, callId: type.endsWith("tool_use") ? id : undefined });
    return undefined;
  }
  const parsed = delta.safeParse(event);
  if (!parsed.success || parsed.data.index !== stream.index) return undefined;
  const { text, thinking, partial_json: json } = parsed.data.delta;
  const added = text ?? thinking ?? json;
  if (added === undefined || added === "") return undefined;
  const at = stream.at;
  stream.at += added.length;
  return {
    key: `${stream.messageId}:${stream.index}`,
    kind: text === undefined ? (thinking === undefined ? "tool_input" : "thinking") : "text",
    ...(stream.callId === undefined ? {} : { callId: stream.callId }),
    ...(parentCallId === undefined ? {} : { parentCallId }),
    at,
    text: added,
  };
}
