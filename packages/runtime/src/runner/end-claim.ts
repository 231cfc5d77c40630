import type { ChangeEvent, Claim } from "@skein/protocol";
import { ENTITY_EVENTS, SkeinError } from "@skein/protocol";
import type { Clock } from "../client/index.ts";
import type { OpenHandler } from "../handler/open-handler.ts";
import type { Log } from "./log.ts";

/** How a handler ended. */
export type Outcome =
  | { readonly kind: "returned" }
  | { readonly kind: "threw"; readonly error: unknown }
  /** It was aborted and did not end in time. It may still be running, but nothing it writes arrives anywhere. */
  | { readonly kind: "abandoned" };

export interface Ending {
  readonly claim: Claim;
  readonly outcome: Outcome;
  /** The runner stops: what was not finished is to be done by another. */
  readonly stopped: boolean;
  readonly handler: OpenHandler;
  readonly clock: Clock;
  readonly log: Log;
}

/** The last commit of a claim. */
export async function endClaim(ending: Ending): Promise<void> {
  const { outcome, stopped, handler } = ending;
  const { buffer, committer, runs, main } = handler;
  if (outcome.kind === "returned") {
    try {
      await committer.commit(() => ({
        writes: eventsOn(main, runs.failOpen("not_ended", "The handler ended without ending its run.")),
        ack: handler.ack(),
        done: true,
      }));
      return;
    } catch (error) {
      if (codeOf(error) === "fenced") throw error;
      return endFailed(ending, error);
    }
  }
  if (outcome.kind === "threw" && !stopped) return endFailed(ending, outcome.error);
  // Given back without an acknowledgement: somebody else does it, from what is durable.
  buffer.take();
  await committer.commit(() => ({
    writes: eventsOn(main, runs.failOpen("aborted", "The runner stopped.")),
    done: true,
  }));
}

/** What was not committed is dropped, the failure is written down, and the input that led to it is not tried again. */
async function endFailed({ claim, handler, clock, log }: Ending, error: unknown): Promise<void> {
  const { buffer, committer, runs, main } = handler;
  const { generation } = claim;
  const message = textOf(error);
  log("error", `${claim.entity.url}: its handler failed: ${message}`, { code: codeOf(error), generation });
  buffer.take();
  const key = `handler:${generation}`;
  const value = { key, code: codeOf(error), message, at: clock.now() };
  const row: ChangeEvent = { type: ENTITY_EVENTS.error, key, value, headers: { operation: "insert" } };
  await committer.commit(() => ({
    writes: eventsOn(main, [row, ...runs.failOpen("error", message)]),
    ack: handler.ack(),
    done: true,
  }));
}

function eventsOn(path: string, events: readonly ChangeEvent[]): Map<string, readonly ChangeEvent[]> {
  return events.length === 0 ? new Map() : new Map([[path, events]]);
}

export function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

export function codeOf(error: unknown): SkeinError["code"] {
  return error instanceof SkeinError ? error.code : "internal";
}
