import { idIn, type Payload, readRollout, textIn } from "./records.ts";

/** Ids of threads as Codex makes them; they are looked for in names of files. */
export const THREAD_ID = /^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$/;

/** A sub-agent's thread, and the call that started it. */
export interface ThreadMention {
  readonly threadId: string;
  readonly callId: string;
}

const threadIn = (payload: Payload, ...names: string[]) => {
  const id = idIn(payload, ...names);
  return id !== undefined && THREAD_ID.test(id) ? id : undefined;
};

/** The thread that a line says was started: by an item, or by what `spawn_agent` answered. */
export function threadMention(raw: unknown): ThreadMention | undefined {
  // Asked of every line: look before parsing.
  if (typeof raw !== "object" || raw === null || !("payload" in raw)) return undefined;
  const inside = raw.payload;
  if (typeof inside !== "object" || inside === null || !("type" in inside)) return undefined;
  if (inside.type !== "item_completed" && inside.type !== "function_call_output") return undefined;
  const record = readRollout(raw);
  if (record === undefined) return undefined;
  const { type, payload } = record;
  if (type === "item_completed" && typeof payload["item"] === "object" && payload["item"] !== null) {
    const item: Payload = { ...payload["item"] };
    const kind = textIn(item, "kind");
    const started = item["type"] === "SubAgentActivity" && (kind === "started" || kind === "spawned");
    const threadId = started ? threadIn(item, "agent_thread_id") : undefined;
    const callId = idIn(item, "id");
    return threadId === undefined || callId === undefined ? undefined : { threadId, callId };
  }
  if (type !== "function_call_output" || typeof payload["output"] !== "string") return undefined;
  const callId = idIn(payload, "call_id");
  const output = payload["output"].length < 2000 ? objectIn(payload["output"]) : undefined;
  const threadId = output === undefined ? undefined : threadIn(output, "agent_id", "agent_thread_id", "thread_id");
  return threadId === undefined || callId === undefined ? undefined : { threadId, callId };
}

function objectIn(text: string): Payload | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? { ...value } : undefined;
  } catch {
    return undefined; // prose
  }
}

/** The part of another thread that a session continues by reference. */
export interface HistoryBase {
  readonly threadId: string;
  readonly endOrdinal: number;
}

export function historyBase(raw: unknown): HistoryBase | undefined {
  const record = readRollout(raw);
  if (record?.kind !== "meta") return undefined;
  const base = record.payload["history_base"];
  if (typeof base !== "object" || base === null) return undefined;
  const fields: Payload = { ...base };
  const threadId = threadIn(fields, "thread_id");
  const end = fields["end_ordinal_exclusive"];
  return threadId === undefined || typeof end !== "number" ? undefined : { threadId, endOrdinal: end };
}

/** Whether a file's first line makes it a thread that this one started. */
export function isChildOf(raw: unknown, parent: string | undefined): boolean {
  const record = readRollout(raw);
  return record?.kind === "meta" && parent !== undefined && record.payload["parent_thread_id"] === parent;
}

/** The thread that a first line names. */
export function threadOf(raw: unknown): string | undefined {
  const record = readRollout(raw);
  return record?.kind === "meta" ? idIn(record.payload, "id", "session_id") : undefined;
}
