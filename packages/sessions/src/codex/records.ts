import { z } from "zod";

/**
 * Lines of a Codex rollout, as loosely as they can be read: `{timestamp, ordinal?, type, payload}`, in the very first
 * versions the payload alone. A field of the wrong type is a field that is not there.
 */
const text = z.string().optional().catch(undefined);

const line = z.looseObject({
  type: text,
  timestamp: text,
  ordinal: z.number().int().nonnegative().optional().catch(undefined),
  payload: z.looseObject({ type: text }).optional().catch(undefined),
  record_type: text,
});

export type Payload = Readonly<Record<string, unknown>>;

/** A line, by what it is. `type` is the payload's own where it has one. */
export interface RolloutRecord {
  readonly kind: "meta" | "turn-context" | "item" | "event" | "compacted" | "other";
  /** Of the line. */
  readonly outer: string;
  /** Of what is in it. */
  readonly type: string;
  readonly payload: Payload;
  readonly ts: number | undefined;
  readonly ordinal: number | undefined;
}

const KINDS: ReadonlyMap<string, RolloutRecord["kind"]> = new Map<string, RolloutRecord["kind"]>([
  ["session_meta", "meta"],
  ["turn_context", "turn-context"],
  ["response_item", "item"],
  ["event_msg", "event"],
  ["compacted", "compacted"],
]);

const BARE_ITEMS = new Set([
  "message",
  "reasoning",
  "function_call",
  "function_call_output",
  "custom_tool_call",
  "custom_tool_call_output",
  "local_shell_call",
]);

/** Reads a line; `undefined` when it is not one of a rollout. */
export function readRollout(raw: unknown): RolloutRecord | undefined {
  const parsed = line.safeParse(raw);
  if (!parsed.success) return undefined;
  const { data } = parsed;
  const time = data.timestamp === undefined ? Number.NaN : Date.parse(data.timestamp);
  const common = { ts: Number.isFinite(time) ? time : undefined, ordinal: data.ordinal };
  if (data.payload !== undefined && data.type !== undefined) {
    const kind = KINDS.get(data.type) ?? "other";
    return { ...common, kind, outer: data.type, type: data.payload.type ?? data.type, payload: data.payload };
  }
  // Before 0.32: the session's line has no type, the items no envelope.
  if (data.type !== undefined && BARE_ITEMS.has(data.type)) {
    return { ...common, kind: "item", outer: data.type, type: data.type, payload: data };
  }
  if (data.type === undefined && typeof data["id"] === "string" && data.timestamp !== undefined) {
    return { ...common, kind: "meta", outer: "session_meta", type: "session_meta", payload: data };
  }
  if (data.record_type !== undefined) {
    return { ...common, kind: "other", outer: data.record_type, type: data.record_type, payload: data };
  }
  return undefined;
}

const MAX_ID = 200;

/** A field that can be part of a key. */
export function idIn(payload: Payload, ...names: readonly string[]): string | undefined {
  for (const name of names) {
    const value = payload[name];
    if (typeof value === "string" && value.length > 0 && value.length <= MAX_ID) return value;
  }
  return undefined;
}

export function textIn(payload: Payload, name: string): string | undefined {
  const value = payload[name];
  return typeof value === "string" ? value : undefined;
}

const passthrough = z.looseObject({
  internal_chat_message_metadata_passthrough: z.looseObject({ turn_id: z.string().min(1).max(MAX_ID) }),
});

/** The turn that an item names. */
export function turnIdIn(payload: Payload): string | undefined {
  const direct = idIn(payload, "turn_id");
  if (direct !== undefined) return direct;
  const parsed = passthrough.safeParse(payload);
  return parsed.success ? parsed.data.internal_chat_message_metadata_passthrough.turn_id : undefined;
}

const part = z.looseObject({ type: z.string(), text: text, image_url: text });

/** The parts of a message's content: text, images, and what we do not know as `undefined`. */
export function partsOf(content: unknown): (z.infer<typeof part> | undefined)[] {
  if (typeof content === "string") return [{ type: "text", text: content, image_url: undefined }];
  if (!Array.isArray(content)) return [];
  return content.map((entry) => {
    const parsed = part.safeParse(entry);
    return parsed.success ? parsed.data : undefined;
  });
}
