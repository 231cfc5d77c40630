import type { CodingSessionTranscriptRow, TranscriptEvent } from "@skein/sessions";
import type { LogRow } from "./log-window.ts";

/**
 * From rows of the log to what a page shows: a flat list in log order, with results joined to their calls, responses to
 * their requests, and what a sub-agent did nested under the call that started it. Pure; knows nothing of React.
 */
type EventOf<T extends TranscriptEvent["type"]> = Extract<TranscriptEvent, { type: T }>;

interface ItemBase {
  /** Stable while the window grows at either side. */
  readonly key: string;
  /** The row that this item links to. */
  readonly row: string;
  readonly position: number;
  readonly ts: number;
}

export type ToolState = "preparing" | "running" | "done" | "failed" | "interrupted";

export interface ToolItem extends ItemBase {
  readonly kind: "tool";
  readonly callId: string;
  readonly tool: string;
  readonly originalTool: string;
  readonly input: Readonly<Record<string, unknown>>;
  readonly result: EventOf<"tool_result"> | undefined;
  /** Where the result stands in the log. */
  readonly resultPosition: number | undefined;
  readonly state: ToolState;
  /** Text that the agent has written of the input, or that the command has printed, so far. */
  readonly liveInput: string | undefined;
  readonly liveOutput: string | undefined;
  readonly changes: EventOf<"file_change">["changes"] | undefined;
  readonly children: readonly TranscriptItem[];
}

export type TranscriptItem =
  | (ItemBase & {
      readonly kind: "prompt";
      readonly text: string;
      readonly actor: string | undefined;
      readonly promptId: string | undefined;
      readonly attachments: EventOf<"user_message">["attachments"];
    })
  | (ItemBase & {
      readonly kind: "assistant" | "thinking";
      readonly text: string;
      readonly streaming: boolean;
      /** Its beginning was not received live and comes with the completed row. */
      readonly cut: boolean;
    })
  | ToolItem
  | (ItemBase & {
      readonly kind: "permission";
      readonly request: EventOf<"permission_request">;
      readonly response: EventOf<"permission_response"> | undefined;
      /** Its turn goes on, so an answer still reaches the agent. */
      readonly open: boolean;
    })
  | (ItemBase & {
      readonly kind: "question";
      readonly request: EventOf<"question">;
      readonly response: EventOf<"answer"> | undefined;
      readonly open: boolean;
    })
  | (ItemBase & { readonly kind: "plan"; readonly items: EventOf<"plan">["items"] })
  | (ItemBase & { readonly kind: "changes"; readonly changes: EventOf<"file_change">["changes"] })
  | (ItemBase & { readonly kind: "turn"; readonly event: EventOf<"turn_complete"> })
  | (ItemBase & { readonly kind: "aborted"; readonly event: EventOf<"turn_aborted"> })
  | (ItemBase & { readonly kind: "error"; readonly event: EventOf<"error"> })
  | (ItemBase & { readonly kind: "compaction"; readonly event: EventOf<"compaction"> })
  | (ItemBase & {
      readonly kind: "marker";
      readonly event: EventOf<
        "session_init" | "notice" | "title" | "takeover" | "handoff" | "session_end" | "subagent"
      >;
    })
  | (ItemBase & { readonly kind: "unknown"; readonly agent: string; readonly raw: unknown });

export type TranscriptItemKind = TranscriptItem["kind"];

export function callKey(runId: string | undefined, callId: string): string {
  return `call:${runId ?? ""}:${callId}`;
}

type Draft<T> = { -readonly [K in keyof T]: T[K] };
type ToolDraft = Omit<Draft<ToolItem>, "children"> & { children: TranscriptItem[] };

interface Building {
  readonly top: TranscriptItem[];
  readonly tools: Map<string, ToolDraft>;
  readonly requests: Map<string, Draft<Extract<TranscriptItem, { kind: "permission" | "question" }>>>;
  /** Keys of calls. */
  readonly shownOtherwise: Set<string>;
}

/** `active`: a turn is running, so a call without a result at the end is still at work. */
export function transcriptItems(rows: readonly LogRow[], active: boolean): TranscriptItem[] {
  const building: Building = { top: [], tools: new Map(), requests: new Map(), shownOtherwise: new Set() };
  const lastEnd = rows.findLastIndex(({ row }) => endsTurn(row.payload.type));
  for (const [index, entry] of rows.entries()) add(building, entry, active && index > lastEnd);
  return withoutDoubles(building.top, building.shownOtherwise);
}

/** A call whose question or plan is an item of its own is not shown a second time, unless it failed. */
function withoutDoubles(items: TranscriptItem[], shownOtherwise: ReadonlySet<string>): TranscriptItem[] {
  if (shownOtherwise.size === 0) return items;
  return items
    .filter((item) => item.kind !== "tool" || item.state === "failed" || !shownOtherwise.has(item.key))
    .map((item) =>
      item.kind === "tool" && item.children.length > 0
        ? { ...item, children: withoutDoubles([...item.children], shownOtherwise) }
        : item,
    );
}

function endsTurn(type: TranscriptEvent["type"]): boolean {
  return type === "turn_complete" || type === "turn_aborted" || type === "session_end";
}

function add(building: Building, entry: LogRow, running: boolean): void {
  const { row } = entry;
  const { payload } = row;
  const base = { key: row.key, row: row.key, position: entry.position, ts: row.ts };
  const place = placeFor(building, row);
  switch (payload.type) {
    case "user_message":
      place.push({ ...base, kind: "prompt", ...promptOf(row, payload) });
      return;
    case "user_message_queued":
      return; // Shown from the queue while it waits, and as its user_message afterwards.
    case "assistant_message":
      place.push({
        ...base,
        key: row.liveKey ?? row.key,
        kind: "assistant",
        text: payload.text,
        streaming: false,
        cut: false,
      });
      return;
    case "thinking": {
      const text = payload.text ?? payload.summary ?? "";
      if (text.trim() !== "")
        place.push({ ...base, key: row.liveKey ?? row.key, kind: "thinking", text, streaming: false, cut: false });
      return;
    }
    case "tool_call":
      addCall(building, place, entry, payload, running);
      return;
    case "tool_result":
      addResult(building, place, entry, payload);
      return;
    case "permission_request": {
      const item = { ...base, kind: "permission" as const, request: payload, response: undefined, open: running };
      building.requests.set(payload.requestId, item);
      place.push(item);
      return;
    }
    case "question": {
      const item = { ...base, kind: "question" as const, request: payload, response: undefined, open: running };
      if (payload.callId !== undefined) building.shownOtherwise.add(callKey(row.runId, payload.callId));
      building.requests.set(payload.requestId, item);
      place.push(item);
      return;
    }
    case "permission_response": {
      const request = building.requests.get(payload.requestId);
      if (request?.kind === "permission") request.response = payload;
      return;
    }
    case "answer": {
      const request = building.requests.get(payload.requestId);
      if (request?.kind === "question") request.response = payload;
      return;
    }
    case "file_change": {
      const call = callOf(building, row, payload.callId);
      if (call) call.changes = [...(call.changes ?? []), ...payload.changes];
      else place.push({ ...base, kind: "changes", changes: payload.changes });
      return;
    }
    case "plan":
      if (payload.callId !== undefined) building.shownOtherwise.add(callKey(row.runId, payload.callId));
      place.push({ ...base, kind: "plan", items: payload.items });
      return;
    case "turn_complete":
      place.push({ ...base, kind: "turn", event: payload });
      return;
    case "turn_aborted":
      place.push({ ...base, kind: "aborted", event: payload });
      return;
    case "error":
      place.push({ ...base, kind: "error", event: payload });
      return;
    case "compaction":
      place.push({ ...base, kind: "compaction", event: payload });
      return;
    case "subagent":
      if (callOf(building, row, payload.callId) === undefined) place.push({ ...base, kind: "marker", event: payload });
      return;
    case "session_init":
    case "notice":
    case "title":
    case "takeover":
    case "handoff":
    case "session_end":
      place.push({ ...base, kind: "marker", event: payload });
      return;
    case "unknown":
      place.push({ ...base, kind: "unknown", agent: payload.agent, raw: payload.raw });
      return;
  }
}

function promptOf(row: CodingSessionTranscriptRow, payload: EventOf<"user_message">) {
  return { text: payload.text, actor: row.actor, promptId: row.promptId, attachments: payload.attachments };
}

function callOf(building: Building, row: CodingSessionTranscriptRow, callId: string | undefined) {
  return callId === undefined ? undefined : building.tools.get(callKey(row.runId, callId));
}

/** Where a row belongs: under the call of its sub-agent when that is in the window, else at the top. */
function placeFor(building: Building, row: CodingSessionTranscriptRow): TranscriptItem[] {
  return callOf(building, row, row.parentCallId)?.children ?? building.top;
}

function addCall(
  building: Building,
  place: TranscriptItem[],
  entry: LogRow,
  payload: EventOf<"tool_call">,
  running: boolean,
): void {
  const { row } = entry;
  const item: ToolDraft = {
    kind: "tool",
    key: callKey(row.runId, payload.callId),
    row: row.key,
    position: entry.position,
    ts: row.ts,
    callId: payload.callId,
    tool: payload.tool,
    originalTool: payload.originalTool,
    input: payload.input,
    result: undefined,
    resultPosition: undefined,
    state: running ? "running" : "interrupted",
    liveInput: undefined,
    liveOutput: undefined,
    changes: undefined,
    children: [],
  };
  // The same id again is another call of a later turn of an agent that counts anew: it needs a key of its own.
  if (building.tools.has(item.key)) item.key = `${item.key}:${row.key}`;
  building.tools.set(callKey(row.runId, payload.callId), item);
  place.push(item);
}

function addResult(building: Building, place: TranscriptItem[], entry: LogRow, payload: EventOf<"tool_result">): void {
  const { row } = entry;
  const known = callOf(building, row, payload.callId);
  const state = payload.isError ? "failed" : "done";
  if (known !== undefined) {
    known.result = payload;
    known.resultPosition = entry.position;
    known.state = state;
    return;
  }
  // The call is in front of the window. The item keeps its key when that is paged in.
  const item: ToolDraft = {
    kind: "tool",
    key: callKey(row.runId, payload.callId),
    row: row.key,
    position: entry.position,
    ts: row.ts,
    callId: payload.callId,
    tool: "",
    originalTool: "",
    input: {},
    result: payload,
    resultPosition: entry.position,
    state,
    liveInput: undefined,
    liveOutput: undefined,
    changes: undefined,
    children: [],
  };
  building.tools.set(item.key, item);
  place.push(item);
}
