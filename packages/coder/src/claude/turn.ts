import type { NativeDelta } from "@skein/sessions";
import type { DriverEvent, DriverResponse, TurnOutcome } from "../driver.ts";
import type { Channel } from "../channel.ts";
import { createChannel } from "../channel.ts";
import type { ClaudePermissionResult } from "./sdk.ts";
import { permissionResult } from "./permissions.ts";
import type { PermissionAsk } from "./permissions.ts";
import type { TurnFacts } from "./outcome.ts";

/** One turn of the driver: what it waits for, what it learned, and the events that its reader has not seen yet. */
export interface Turn {
  readonly promptId: string;
  readonly runId: string;
  readonly events: Channel<DriverEvent>;
  /** Resolves when the turn is over. */
  readonly ended: Promise<void>;
  readonly facts: { -readonly [K in keyof TurnFacts]: TurnFacts[K] };
  /** The agent has its prompt. */
  begun: boolean;
  /** The prompts whose end is awaited: its own, and what was put into it. */
  readonly awaited: Set<string>;
  /** How it has ended for those that are not awaited any more. */
  outcome: TurnOutcome | undefined;
  /** Moment of its beginning, as the process table counts. */
  since: number;
  /** Calls of tools without a result. */
  readonly openCalls: Set<string>;
  /** What was streamed and not completed by a row, by its live key: the whole text so far. */
  readonly partial: Map<string, NativeDelta>;
  /** Waits for a person. Answers once, with the answer or, when the turn dies before it, with a refusal. */
  ask(requestId: string, ask: PermissionAsk, signal: AbortSignal): Promise<ClaudePermissionResult>;
  /** False when nothing waits under this id. */
  answer(requestId: string, response: DriverResponse): boolean;
  isWaiting(): boolean;
  isOver(): boolean;
  /** Ends it, once; later calls do nothing. */
  finish(outcome: TurnOutcome): void;
}

interface Waiting {
  readonly ask: PermissionAsk;
  readonly settle: (result: ClaudePermissionResult) => void;
}

const CANCELLED: ClaudePermissionResult = { behavior: "deny", message: "The turn ended before anybody answered." };

export function createTurn(input: { promptId: string; runId: string }): Turn {
  const events = createChannel<DriverEvent>();
  const waiting = new Map<string, Waiting>();
  let over = false;
  let resolveEnded = (): void => {};
  const ended = new Promise<void>((resolve) => {
    resolveEnded = resolve;
  });

  return {
    ...input,
    since: 0,
    begun: false,
    awaited: new Set([input.promptId]),
    outcome: undefined,
    events,
    ended,
    facts: { interrupted: false },
    openCalls: new Set(),
    partial: new Map(),
    ask(requestId, ask, signal) {
      if (over || signal.aborted) return Promise.resolve(CANCELLED);
      return new Promise((resolve) => {
        const settle = (result: ClaudePermissionResult): void => {
          waiting.delete(requestId);
          resolve(result);
        };
        waiting.set(requestId, { ask, settle });
        signal.addEventListener("abort", () => settle(CANCELLED), { once: true });
      });
    },
    answer(requestId, response) {
      const found = waiting.get(requestId);
      found?.settle(permissionResult(found.ask, response));
      return found !== undefined;
    },
    isWaiting: () => waiting.size > 0,
    isOver: () => over,
    finish(outcome) {
      if (over) return;
      over = true;
      for (const { settle } of waiting.values()) settle(CANCELLED);
      events.push({ kind: "turn", outcome });
      events.end();
      resolveEnded();
    },
  };
}
