import type { CommitOutcome, Operation, Store } from "@skein/store";

/** Told around every commit. `undefined` instead of an outcome: it failed, or nobody knows. */
export interface CommitObserver {
  begun(): void;
  ended(outcome: CommitOutcome | undefined, ms: number): void;
}

/** The store, with somebody who looks on. */
export function observeCommits(inner: Store, observer: CommitObserver): Store {
  const commit = async (operations: readonly Operation[]): Promise<CommitOutcome> => {
    const began = performance.now();
    observer.begun();
    let outcome: CommitOutcome | undefined;
    try {
      outcome = await inner.commit(operations);
      return outcome;
    } finally {
      observer.ended(outcome, performance.now() - began);
    }
  };
  return {
    now: () => inner.now(),
    commit,
    getStream: (path) => inner.getStream(path),
    readStream: (path, range) => inner.readStream(path, range),
    getProducer: (path, producerId) => inner.getProducer(path, producerId),
    listStreams: (query) => inner.listStreams(query),
    getRecord: (collection, id) => inner.getRecord(collection, id),
    queryRecords: (query) => inner.queryRecords(query),
    watchStream: (path, listener) => inner.watchStream(path, listener),
    watchCollection: (collection, listener) => inner.watchCollection(collection, listener),
    close: () => inner.close(),
  };
}
