import { withCommit, type CommitOutcome, type Store } from "@skein/store";

/** Told around every commit. `undefined` instead of an outcome: it failed, or nobody knows. */
export interface CommitObserver {
  begun(): void;
  ended(outcome: CommitOutcome | undefined, ms: number): void;
}

/** The store, with somebody who looks on. */
export function observeCommits(inner: Store, observer: CommitObserver): Store {
  return withCommit(inner, async (operations) => {
    const began = performance.now();
    observer.begun();
    let outcome: CommitOutcome | undefined;
    try {
      outcome = await inner.commit(operations);
      return outcome;
    } finally {
      observer.ended(outcome, performance.now() - began);
    }
  });
}
