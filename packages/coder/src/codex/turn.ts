import type { NativeDelta, NativeTranscriptRow } from "@skein/sessions";
import { createChannel } from "../channel.ts";
import type { Channel } from "../channel.ts";
import type { DriverEvent, DriverResponse, TurnOutcome } from "../driver.ts";
import type { Call, CodexRequest } from "./requests.ts";

/** One turn: what it waits for, what it learned, and the events that its reader has not seen yet. */
export interface CodexTurn {
  readonly promptId: string;
  readonly events: Channel<DriverEvent>;
  /** Resolves when the turn is over. */
  readonly ended: Promise<void>;
  /** Codex's id of it, once it has begun. */
  id: string | undefined;
  interrupted: boolean;
  /** The prompts that were put into it, by id, with what was being said then (live keys). */
  readonly steered: Map<string, ReadonlySet<string>>;
  /** The row by which its file ends it. */
  end: NativeTranscriptRow | undefined;
  readonly openCalls: Set<string>;
  readonly calls: Map<string, Call>;
  readonly changes: Map<string, unknown>;
  /** Live keys of rows that are there: no delta comes after them. */
  readonly shown: Set<string>;
  /** An agent of the agent's worked: its thread has a file of its own. */
  hasAgents: boolean;
  /** What was streamed and not completed by a row, by its live key: the whole text so far. */
  readonly partial: Map<string, NativeDelta>;
  ask(request: CodexRequest, settle: (answer: unknown) => void): void;
  /** False when nothing waits under this id. */
  answer(requestId: string, response: DriverResponse): boolean;
  isWaiting(): boolean;
  isOver(): boolean;
  /** Ends it, once; later calls do nothing. */
  finish(outcome: TurnOutcome): void;
}

interface Waiting {
  readonly request: CodexRequest;
  readonly settle: (answer: unknown) => void;
}

export function createCodexTurn(promptId: string): CodexTurn {
  const events = createChannel<DriverEvent>();
  const waiting = new Map<string, Waiting>();
  let over = false;
  let resolveEnded = (): void => {};
  const ended = new Promise<void>((resolve) => {
    resolveEnded = resolve;
  });
  return {
    promptId,
    events,
    ended,
    id: undefined,
    interrupted: false,
    steered: new Map(),
    end: undefined,
    openCalls: new Set(),
    calls: new Map(),
    changes: new Map(),
    shown: new Set(),
    hasAgents: false,
    partial: new Map(),
    ask(request, settle) {
      if (over) return settle(request.cancelled);
      waiting.set(request.requestId, { request, settle });
    },
    answer(requestId, response) {
      const found = waiting.get(requestId);
      waiting.delete(requestId);
      found?.settle(found.request.answer(response));
      return found !== undefined;
    },
    isWaiting: () => waiting.size > 0,
    isOver: () => over,
    finish(outcome) {
      if (over) return;
      over = true;
      for (const { request, settle } of waiting.values()) settle(request.cancelled);
      waiting.clear();
      events.push({ kind: "turn", outcome });
      events.end();
      resolveEnded();
    },
  };
}
