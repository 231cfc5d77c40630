import type { Store } from "./store.ts";

/** The same store, whose commits go through `commit`. Whoever writes past it, to `inner`, is not noticed. */
export function withCommit(inner: Store, commit: Store["commit"]): Store {
  return {
    now: () => inner.now(),
    commit,
    getStream: (path) => inner.getStream(path),
    readStream: (path, range) => inner.readStream(path, range),
    readRuns: (path, range) => inner.readRuns(path, range),
    getProducer: (path, producerId) => inner.getProducer(path, producerId),
    listStreams: (query) => inner.listStreams(query),
    getRecord: (collection, id) => inner.getRecord(collection, id),
    queryRecords: (query) => inner.queryRecords(query),
    watchStream: (path, listener) => inner.watchStream(path, listener),
    watchCollection: (collection, listener) => inner.watchCollection(collection, listener),
    close: () => inner.close(),
  };
}
