import { withCommit, type Operation, type Store } from "@skein/store";
import type { InterestIndex } from "./interests.ts";
import { pairId, type MarkRecord } from "./records.ts";

/** A commit that takes longer than this may have been made on an index that is older than subscriptions allow for. */
const LATE_MS = 3000;

/**
 * The same store, whose appends leave a mark for every subscription that covers their stream, in the same commit: so
 * whoever appends, and whatever dies afterwards, the wake follows. What nobody subscribes to costs one look-up in
 * memory.
 */
export function createMarkingStore(inner: Store, index: InterestIndex, clock: () => number): Store {
  return withCommit(inner, async (operations) => {
    if (!operations.some(isNews)) return inner.commit(operations);
    const stale = index.ensure();
    if (stale !== undefined) await stale;
    const startedAt = clock();
    const { adds } = index;
    const marks = marksFor(index, operations);
    const outcome = await inner.commit(marks.length === 0 ? operations : [...operations, ...marks]);
    if (outcome.kind === "rejected") return outcome;
    if (clock() - startedAt > LATE_MS) await markLate(inner, index, operations, adds);
    return marks.length === 0 ? outcome : { ...outcome, results: outcome.results.slice(0, operations.length) };
  });
}

function isNews(operation: Operation): boolean {
  return operation.kind === "append" && operation.messages.length > 0;
}

function marksFor(index: InterestIndex, operations: readonly Operation[]): Operation[] {
  const marks = new Map<string, Operation>();
  for (const operation of operations) {
    if (operation.kind !== "append" || operation.messages.length === 0) continue;
    for (const { id, uid } of index.match(operation.path)) {
      const value: MarkRecord = { id, uid, path: operation.path, fresh: true };
      const key = pairId(uid, operation.path);
      marks.set(key, { kind: "put-record", collection: "ds_marks", id: key, value });
    }
  }
  return [...marks.values()];
}

/** The subscriptions that were made while a slow commit was on its way. */
async function markLate(
  inner: Store,
  index: InterestIndex,
  operations: readonly Operation[],
  adds: number,
): Promise<void> {
  await index.refresh();
  const marks = index.adds === adds ? [] : marksFor(index, operations);
  if (marks.length > 0) await inner.commit(marks);
}
