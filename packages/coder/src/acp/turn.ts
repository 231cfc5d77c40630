import { createChannel } from "../channel.ts";
import type { Channel } from "../channel.ts";
import type { DriverEvent, DriverResponse, TurnOutcome } from "../driver.ts";

/** One turn: what it waits for, and the events that its reader has not seen yet. */
export interface AcpTurn {
  readonly promptId: string;
  readonly events: Channel<DriverEvent>;
  /** Resolves when the turn is over. */
  readonly ended: Promise<void>;
  /** Moment of its beginning, as the process table counts. */
  since: number;
  interrupted: boolean;
  /** The agent has the prompt: what it says from now on is of this turn. */
  begun: boolean;
  /** The number of the last request. */
  requests: number;
  readonly openCalls: Set<string>;
  /** Waits for a person: answers with the answer, or with nothing when the turn ends before it. */
  ask(requestId: string): Promise<DriverResponse | undefined>;
  answer(requestId: string, response: DriverResponse): void;
  isWaiting(): boolean;
  isOver(): boolean;
  /** The agent is to forget what it asks. */
  cancelRequests(): void;
  /** Ends it, once; later calls do nothing. */
  finish(outcome: TurnOutcome): void;
}

export function createAcpTurn(promptId: string): AcpTurn {
  const events = createChannel<DriverEvent>();
  const waiting = new Map<string, (response: DriverResponse | undefined) => void>();
  let over = false;
  let resolveEnded = (): void => {};
  const ended = new Promise<void>((resolve) => {
    resolveEnded = resolve;
  });
  const settle = (requestId: string, response: DriverResponse | undefined): void => {
    const answer = waiting.get(requestId);
    waiting.delete(requestId);
    answer?.(response);
  };
  const cancelRequests = (): void => {
    for (const requestId of waiting.keys()) settle(requestId, undefined);
  };
  return {
    promptId,
    events,
    ended,
    since: 0,
    interrupted: false,
    begun: false,
    requests: 0,
    openCalls: new Set(),
    ask(requestId) {
      if (over) return Promise.resolve(undefined);
      return new Promise((resolve) => waiting.set(requestId, resolve));
    },
    answer: settle,
    isWaiting: () => waiting.size > 0,
    isOver: () => over,
    cancelRequests,
    finish(outcome) {
      if (over) return;
      over = true;
      cancelRequests();
      events.push({ kind: "turn", outcome });
      events.end();
      resolveEnded();
    },
  };
}
