import type { CommitOutcome, OperationResult, Rejection } from "../store.ts";
import { append } from "./append.ts";
import type { Changes, State } from "./draft.ts";
import { Draft } from "./draft.ts";
import type { PreparedOperation } from "./operation.ts";
import { checkRecord, deleteRecord, putRecord } from "./records.ts";
import { createStream, deleteStream, forkStream, touchStream } from "./streams.ts";

/** What one operation comes to. On `refused` the draft may hold parts of the commit: it is dropped as a whole. */
export type Verdict =
  | { readonly kind: "accepted"; readonly result: OperationResult }
  | { readonly kind: "refused"; readonly reason: Rejection };

export interface Decision {
  readonly outcome: CommitOutcome;
  /** Present when committed: what the engine has to make durable. */
  readonly changes: Changes | undefined;
}

/**
 * Decides a commit against a state at a moment, without touching either. Every engine goes through here and nowhere
 * else, so they cannot disagree about what is refused and what a commit does.
 */
export function decideCommit(operations: readonly PreparedOperation[], state: State, now: number): Decision {
  const draft = new Draft(state);
  const results: OperationResult[] = [];
  for (const [index, operation] of operations.entries()) {
    const verdict = decide(operation, draft, now);
    if (verdict.kind === "refused")
      return { outcome: { kind: "rejected", operation: index, reason: verdict.reason }, changes: undefined };
    results.push(verdict.result);
  }
  return { outcome: { kind: "committed", results }, changes: draft };
}

function decide(operation: PreparedOperation, draft: Draft, now: number): Verdict {
  switch (operation.kind) {
    case "append":
      return append(operation, draft, now);
    case "create-stream":
      return createStream(operation, draft, now);
    case "fork-stream":
      return forkStream(operation, draft, now);
    case "delete-stream":
      return deleteStream(operation, draft, now);
    case "touch-stream":
      return touchStream(operation, draft, now);
    case "put-record":
      return putRecord(operation, draft);
    case "delete-record":
      return deleteRecord(operation, draft);
    case "check-record":
      return checkRecord(operation, draft);
  }
}
