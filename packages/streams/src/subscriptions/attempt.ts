import type { Operation, Store } from "@skein/store";
import { refusal, type Outcome } from "./errors.ts";

export type Attempt<T> =
  | { readonly kind: "commit"; readonly operations: readonly Operation[]; readonly value: T }
  | Outcome<T>;

const MAX_ATTEMPTS = 40;

/** Reads, plans and commits, and begins again when what was read has changed in between. */
export async function attempt<T>(store: Store, plan: () => Promise<Attempt<T>>): Promise<Outcome<T>> {
  for (let count = 0; count < MAX_ATTEMPTS; count += 1) {
    const planned = await plan();
    if (planned.kind !== "commit") return planned;
    const outcome = await store.commit(planned.operations);
    if (outcome.kind === "committed") return { kind: "done", value: planned.value };
  }
  return refusal("CONFLICT", "Too many others changed the same thing at the same time. Try again.");
}

/** Puts or removes a record as it was read. */
export function put(collection: string, id: string, value: unknown, expectedVersion: number): Operation {
  return { kind: "put-record", collection, id, value, expectedVersion };
}

export function remove(collection: string, id: string, expectedVersion?: number): Operation {
  return { kind: "delete-record", collection, id, ...(expectedVersion !== undefined && { expectedVersion }) };
}
