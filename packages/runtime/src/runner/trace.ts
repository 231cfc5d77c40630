import type { RunRow } from "@skein/protocol";
import type { Wake } from "../context.ts";

/** A handler at work on one claim. */
export interface HandlerWork {
  /** URL of the entity. */
  readonly entity: string;
  readonly type: string;
  readonly generation: number;
  readonly reason: Wake["reason"];
}

/** Stands around what a runner does, for traces: whoever measures it brings the library for that. */
export interface RunnerTrace {
  /** Around a handler, until it has returned or thrown. */
  handler<T>(work: HandlerWork, handle: () => Promise<T>): Promise<T>;
  /** Told that a run began (`started`); what it answers is told once of its end. */
  run(entity: string, started: RunRow): (ended: RunRow) => void;
}

/** Nobody looks on. */
export const noTrace: RunnerTrace = { handler: (_work, handle) => handle(), run: () => () => undefined };
