import type { Operation, Store } from "@skein/store";

/** A store that lets a test do something at the very moment between a plan and its commit. */
export interface InterceptedStore {
  readonly store: Store;
  /** Runs `act` in front of the next commit that `when` picks, once. */
  before(when: (operations: readonly Operation[]) => boolean, act: () => Promise<unknown> | void): void;
}

export function interceptStore(inner: Store): InterceptedStore {
  const waiting: { when: (operations: readonly Operation[]) => boolean; act: () => Promise<unknown> | void }[] = [];
  const store: Store = {
    now: () => inner.now(),
    async commit(operations) {
      const index = waiting.findIndex(({ when }) => when(operations));
      const [found] = index < 0 ? [] : waiting.splice(index, 1);
      await found?.act();
      return inner.commit(operations);
    },
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
  return { store, before: (when, act) => void waiting.push({ when, act }) };
}

/** Whether a commit touches a record of this collection in this way. */
export function touches(kind: Operation["kind"], collection: string) {
  return (operations: readonly Operation[]): boolean =>
    operations.some(
      (operation) => operation.kind === kind && "collection" in operation && operation.collection === collection,
    );
}
