import { decideCommit } from "../core/decide.ts";
import type { State } from "../core/draft.ts";
import { Draft } from "../core/draft.ts";
import { checkCollections } from "../core/index-keys.ts";
import { prepareOperations } from "../core/operation.ts";
import { withMessages } from "../core/runs.ts";
import { streamInfo, visibleRow } from "../core/rows.ts";
import { sweepStreams } from "../core/streams.ts";
import { touchedBy } from "../core/touched.ts";
import { Watchers } from "../core/watchers.ts";
import type { Store, StoreOptions } from "../store.ts";
import { MemoryRecords, storedRecord } from "./records.ts";
import { MemoryStreams } from "./streams.ts";

/** Expired streams removed with a commit, at most. */
const SWEEP = 64;

/** A store for tests and for what may be lost: everything in this process, nothing on disk, the same rules. */
export function createMemoryStore(options: StoreOptions): Store {
  checkCollections(options.collections);
  const now = options.now ?? Date.now;
  const streams = new MemoryStreams();
  const records = new MemoryRecords(options.collections);
  const streamWatchers = new Watchers();
  const collectionWatchers = new Watchers();
  let lastStreamId = 0;
  let closed = false;

  const state: State = {
    stream: (path) => streams.row(path),
    producer: (streamId, producerId) => streams.producer(streamId, producerId),
    record: (collection, id) => records.row(collection, id),
    ephemeralSize: (streamId, position) => streams.messageSize(streamId, position),
    nextStreamId: () => ++lastStreamId,
  };

  const requireOpen = () => {
    if (closed) throw new Error("The store is closed");
  };

  const sweep = (moment: number) => {
    const draft = new Draft(state);
    sweepStreams(streams.expired(moment, SWEEP), draft);
    streams.apply(draft);
  };

  return {
    now,
    async commit(operations) {
      requireOpen();
      const prepared = prepareOperations(operations, options.collections);
      const moment = now();
      sweep(moment);
      const { outcome, changes } = decideCommit(prepared, state, moment);
      if (!changes) return outcome;
      streams.apply(changes);
      records.apply(changes.records);
      const touched = touchedBy(prepared);
      queueMicrotask(() => {
        streamWatchers.notify(touched.streams);
        collectionWatchers.notify(touched.collections);
      });
      return outcome;
    },
    async getStream(path) {
      requireOpen();
      const row = visibleRow(streams.row(path), now());
      return row && streamInfo(row);
    },
    async readStream(path, range) {
      requireOpen();
      return withMessages(streams.read(path, range, now()));
    },
    async readRuns(path, range) {
      requireOpen();
      return streams.read(path, range, now());
    },
    async getProducer(path, producerId) {
      requireOpen();
      const row = visibleRow(streams.row(path), now());
      const producer = row && streams.producer(row.id, producerId);
      return producer && { epoch: producer.epoch, seq: producer.seq };
    },
    async listStreams(query) {
      requireOpen();
      return streams.list(query, now()).map(streamInfo);
    },
    async getRecord<T>(collection: string, id: string) {
      requireOpen();
      const row = records.row(collection, id);
      return row && storedRecord<T>(id, row);
    },
    async queryRecords(query) {
      requireOpen();
      return records.query(query);
    },
    watchStream: (path, listener) => streamWatchers.add(path, listener),
    watchCollection: (collection, listener) => collectionWatchers.add(collection, listener),
    async close() {
      closed = true;
      streamWatchers.clear();
      collectionWatchers.clear();
    },
  };
}
