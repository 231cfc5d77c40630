import type { Attachment, TranscriptEvent } from "../events.ts";
import type { NativeTranscriptRow } from "../resource.ts";
import { createTally, type Tally } from "./tally.ts";

/**
 * A transcript as a conversation that another agent could have had: prompts, answers, and calls with their results.
 * Invariants: order is that of the rows; every call has a result, and it stands right behind its call (or behind the
 * calls that were made together); no text is blank.
 */
export type Step =
  | { readonly kind: "prompt"; readonly ts: number; readonly text: string; readonly pictures: readonly Picture[] }
  | { readonly kind: "answer"; readonly ts: number; readonly text: string }
  | { readonly kind: "calls"; readonly ts: number; readonly calls: readonly PastCall[] }
  /** What stands for everything in front of it. */
  | { readonly kind: "summary"; readonly ts: number; readonly text: string };

export interface PastCall {
  readonly callId: string;
  readonly tool: string;
  readonly originalTool: string;
  readonly originalAgent: string;
  readonly input: Readonly<Record<string, unknown>>;
  readonly ts: number;
  readonly result: PastResult;
}

export interface PastResult {
  readonly output: string;
  readonly isError: boolean;
  readonly exitCode: number | undefined;
  readonly pictures: readonly Picture[];
}

/** In base64, of a kind that models take. */
export interface Picture {
  readonly mime: string;
  readonly base64: string;
}

/** Finds the picture in an attachment; `undefined` when it is none or is not at hand. */
export type PictureOf = (attachment: Attachment) => Picture | undefined;

const INTERRUPTED: PastResult = {
  output: "[The call was interrupted: its result is not in this history.]",
  isError: true,
  exitCode: undefined,
  pictures: [],
};

type Draft = { -readonly [K in keyof PastCall]: K extends "result" ? PastResult | undefined : PastCall[K] };
type DraftStep = Exclude<Step, { kind: "calls" }> | { kind: "calls"; ts: number; calls: Draft[] };

export interface Conversation {
  readonly steps: readonly Step[];
  readonly tally: Tally;
}

interface Building {
  readonly steps: DraftStep[];
  readonly tally: Tally;
  /** Calls whose result has not come, by id. */
  readonly open: Map<string, Draft>;
  readonly pictureOf: PictureOf;
}

export function conversationOf(rows: readonly NativeTranscriptRow[], pictureOf: PictureOf): Conversation {
  const building: Building = { steps: [], tally: createTally(), open: new Map(), pictureOf };
  const { steps, tally } = building;
  for (const { payload, ts, parentCallId } of rows) {
    if (parentCallId !== undefined) tally.drop("sub_agent");
    else add(building, payload, ts);
  }
  return { steps: steps.map((step) => complete(step, tally)), tally };
}

function add(building: Building, event: TranscriptEvent, ts: number): void {
  const { steps, tally } = building;
  switch (event.type) {
    case "user_message": {
      const pictures = picturesIn(building, event.attachments);
      if (event.text.trim() === "" && pictures.length === 0) return tally.drop("empty");
      tally.keep(event.type, event.blob);
      return void steps.push({ kind: "prompt", ts, text: event.text, pictures });
    }
    case "assistant_message":
      if (event.text.trim() === "") return tally.drop("empty");
      tally.keep(event.type, event.blob);
      return void steps.push({ kind: "answer", ts, text: event.text });
    case "tool_call":
      return addCall(building, event, ts);
    case "tool_result":
      return addResult(building, event);
    case "compaction": {
      const { summary = "" } = event;
      return summary.trim() === "" ? tally.drop(event.type) : void steps.push({ kind: "summary", ts, text: summary });
    }
    case "plan":
    case "file_change":
      return event.callId === undefined ? tally.drop(event.type) : undefined;
    case "subagent":
      return event.text === undefined ? undefined : tally.drop(event.type);
    case "thinking":
    case "error":
    case "notice":
    case "turn_aborted":
    case "unknown":
      return tally.drop(event.type);
    // Told by the call, by the turn's own rows or by the session: nothing is lost without them.
    case "session_init":
    case "session_end":
    case "user_message_queued":
    case "permission_request":
    case "permission_response":
    case "question":
    case "answer":
    case "turn_complete":
    case "title":
    case "takeover":
    case "handoff":
      return undefined;
  }
}

type EventOf<K extends TranscriptEvent["type"]> = Extract<TranscriptEvent, { type: K }>;

function addCall({ steps, tally, open }: Building, event: EventOf<"tool_call">, ts: number): void {
  const { callId, tool, originalTool, originalAgent, input } = event;
  tally.keep(event.type);
  const call: Draft = { callId, tool, originalTool, originalAgent, input, ts, result: undefined };
  open.set(callId, call);
  const last = steps.at(-1);
  // Calls before any of their results were made together.
  const together = last?.kind === "calls" && last.calls.every(({ result }) => result === undefined);
  if (together) last.calls.push(call);
  else steps.push({ kind: "calls", ts, calls: [call] });
}

function addResult(building: Building, event: EventOf<"tool_result">): void {
  const { tally, open } = building;
  const call = open.get(event.callId);
  open.delete(event.callId);
  if (call === undefined) return tally.drop("result_without_call");
  tally.keep(event.type, event.blob);
  const { output, isError, exitCode, attachments } = event;
  call.result = { output, isError, exitCode, pictures: picturesIn(building, attachments) };
}

function picturesIn({ tally, pictureOf }: Building, attachments: readonly Attachment[] = []): Picture[] {
  return attachments.flatMap((attachment) => {
    const picture = pictureOf(attachment);
    if (picture === undefined) tally.drop("attachment");
    else tally.keep("attachment");
    return picture ?? [];
  });
}

function complete(step: DraftStep, tally: Tally): Step {
  if (step.kind !== "calls") return step;
  const calls = step.calls.map(({ result, ...call }) => {
    if (result === undefined) tally.keep("call_without_result");
    return { ...call, result: result ?? INTERRUPTED };
  });
  return { ...step, calls };
}
