import { SkeinError } from "@skein/protocol";
import type { OperationResult, Operation, Rejection, Store } from "@skein/store";

/** What a plan comes to: something to commit, an answer without one, or a refusal. */
export type Plan<Answer> =
  | {
      readonly kind: "commit";
      readonly operations: readonly Operation[];
      readonly answer: (results: readonly OperationResult[]) => Answer;
    }
  | { readonly kind: "answer"; readonly answer: Answer }
  | { readonly kind: "refused"; readonly error: SkeinError };

/** Others may win the race for a record this often before the caller is asked to try again. */
const MAX_ATTEMPTS = 40;

/**
 * Reads, plans and commits, and begins again when what was read has changed in between. `attempt` gets the reason of
 * the last rejection, for plans that treat some of them as an answer.
 */
export async function execute<Answer>(
  store: Store,
  attempt: (last: Rejection | undefined) => Promise<Plan<Answer>>,
): Promise<Answer> {
  let last: Rejection | undefined;
  for (let count = 0; count < MAX_ATTEMPTS; count += 1) {
    const plan = await attempt(last);
    if (plan.kind === "refused") throw plan.error;
    if (plan.kind === "answer") return plan.answer;
    const outcome = await store.commit(plan.operations);
    if (outcome.kind === "committed") return plan.answer(outcome.results);
    last = outcome.reason;
  }
  throw new SkeinError("conflict", "Too many others changed the same thing at the same time. Try again.", {
    details: { reason: last?.kind },
  });
}

export function refused(error: SkeinError): { readonly kind: "refused"; readonly error: SkeinError } {
  return { kind: "refused", error };
}
