import { ENTITY_EVENTS, inboxRow, type ChangeEvent } from "@skein/protocol";
import { isChangeEvent, type StreamEvent } from "@skein/runtime/client";
import {
  CODER_INBOX_CURSOR_EVENT,
  CODER_RUN_STATUS_EVENT,
  coderInbox,
  coderInboxCursorRow,
  coderRunStatusRow,
  type CoderRunStatusRow,
  type PromptAttachment,
} from "@skein/sessions";
import { z } from "zod";

/**
 * What a viewer needs of a coder's own stream: its status and the prompts that wait. A pure fold, in log order. Events
 * that are older than where the reading began are simply not known; nothing here needs them.
 */
export interface QueuedPrompt {
  /** The inbox row's key: the prompt's id, everywhere. */
  readonly key: string;
  readonly text: string;
  readonly from: string;
  readonly receivedAt: number;
  readonly idempotencyKey: string | undefined;
  readonly attachments: readonly PromptAttachment[];
  /** Meant for the turn that runs. Where the agent does not take it, it is a prompt like any other. */
  readonly steers: boolean;
}

export interface CoderState {
  readonly run: CoderRunStatusRow | undefined;
  readonly prompts: readonly QueuedPrompt[];
  /** Requests that somebody has answered, and how; the history records it when the agent got the answer. */
  readonly answered: ReadonlyMap<string, string>;
  readonly ended: { readonly status: string; readonly reason: string | undefined } | undefined;
  /** Inbox keys in log order, the newest of them: the cursor may point at any message. */
  readonly inbox: readonly string[];
}

export const emptyCoder: CoderState = {
  run: undefined,
  prompts: [],
  answered: new Map(),
  ended: undefined,
  inbox: [],
};

const MAX_ANSWERED = 200;
const MAX_INBOX = 2000;
const endedRow = z.looseObject({ status: z.string(), reason: z.string().optional() });

export function foldCoder(state: CoderState, events: readonly StreamEvent[]): CoderState {
  return events.filter(isChangeEvent).reduce(step, state);
}

/**
 * Prompts that have not begun. The history says so where it is in view; elsewhere the coder's word for the prompt that
 * it works on has to do.
 */
export function queuedPrompts(
  state: CoderState,
  started: ReadonlySet<string>,
  historyInView: boolean,
): readonly QueuedPrompt[] {
  const current = historyInView ? undefined : state.run?.currentPrompt;
  const busy = state.run?.status === "running" || state.run?.status === "waiting";
  // While a turn runs, what steers it is with the agent.
  return state.prompts.filter(({ key, steers }) => !started.has(key) && key !== current && !(steers && busy));
}

function step(state: CoderState, event: ChangeEvent): CoderState {
  switch (event.type) {
    case ENTITY_EVENTS.inbox:
      if (event.headers.operation === "delete") return takenBack(state, event.key);
      return event.headers.operation === "update"
        ? changed(state, event.value)
        : received(state, event.key, event.value);
    case CODER_RUN_STATUS_EVENT: {
      const run = coderRunStatusRow.safeParse(event.value);
      return run.success ? { ...state, run: run.data } : state;
    }
    case CODER_INBOX_CURSOR_EVENT: {
      const cursor = coderInboxCursorRow.safeParse(event.value);
      return cursor.success ? dealtWith(state, cursor.data.lastProcessedInboxKey) : state;
    }
    case ENTITY_EVENTS.ended: {
      const ended = endedRow.safeParse(event.value);
      if (!ended.success) return state;
      return { ...state, prompts: [], ended: { status: ended.data.status, reason: ended.data.reason } };
    }
    default:
      return state;
  }
}

function received(before: CoderState, eventKey: string, value: unknown): CoderState {
  const parsed = inboxRow.safeParse(value);
  if (!parsed.success || before.inbox.includes(eventKey)) return before;
  const state = { ...before, inbox: [...before.inbox, eventKey].slice(-MAX_INBOX) };
  const { key, from, receivedAt, idempotencyKey, payload, type } = parsed.data;
  switch (type) {
    case undefined:
    case "prompt":
    case "steer": {
      const prompt = coderInbox.prompt.safeParse(payload);
      if (!prompt.success) return state;
      const { text, attachments = [] } = prompt.data;
      const queued = { key, text, attachments, from, receivedAt, idempotencyKey, steers: type === "steer" };
      return { ...state, prompts: [...state.prompts, queued] };
    }
    case "cancel_prompt": {
      const cancel = coderInbox.cancel_prompt.safeParse(payload);
      return cancel.success ? without(state, cancel.data.key) : state;
    }
    case "edit_prompt": {
      const edit = coderInbox.edit_prompt.safeParse(payload);
      if (!edit.success) return state;
      const edited = (prompt: QueuedPrompt) =>
        prompt.key === edit.data.key ? { ...prompt, text: edit.data.text } : prompt;
      return { ...state, prompts: state.prompts.map(edited) };
    }
    case "permission_response": {
      const response = coderInbox.permission_response.safeParse(payload);
      return response.success ? answered(state, response.data.requestId, response.data.decision) : state;
    }
    case "answer": {
      const answer = coderInbox.answer.safeParse(payload);
      return answer.success ? answered(state, answer.data.requestId, "answered") : state;
    }
    default:
      return state;
  }
}

/** Taken back, or moved: then it is inserted again, and stands where that is in the log. */
function takenBack(state: CoderState, key: string): CoderState {
  return { ...without(state, key), inbox: state.inbox.filter((one) => one !== key) };
}

/** Edited where it stands. */
function changed(state: CoderState, value: unknown): CoderState {
  const row = inboxRow.safeParse(value);
  const prompt = row.success ? coderInbox.prompt.safeParse(row.data.payload) : undefined;
  if (!row.success || prompt?.success !== true) return state;
  const { text, attachments = [] } = prompt.data;
  const edited = (one: QueuedPrompt): QueuedPrompt => (one.key === row.data.key ? { ...one, text, attachments } : one);
  return { ...state, prompts: state.prompts.map(edited) };
}

function without(state: CoderState, key: string): CoderState {
  return { ...state, prompts: state.prompts.filter((prompt) => prompt.key !== key) };
}

function dealtWith(state: CoderState, key: string | undefined): CoderState {
  const cursor = key === undefined ? -1 : state.inbox.indexOf(key);
  const behind = (prompt: QueuedPrompt) => state.inbox.indexOf(prompt.key) > cursor;
  return cursor < 0 ? state : { ...state, prompts: state.prompts.filter(behind) };
}

function answered(state: CoderState, requestId: string, how: string): CoderState {
  const all = [...state.answered, [requestId, how] as const];
  return { ...state, answered: new Map(all.slice(-MAX_ANSWERED)) };
}
