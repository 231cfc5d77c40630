import { resolve } from "node:path";
import { SkeinError } from "@skein/protocol";
import { checkCollections } from "../core/index-keys.ts";
import { prepareOperations, requireCollection } from "../core/operation.ts";
import { withMessages } from "../core/runs.ts";
import { streamInfo, visibleRow } from "../core/rows.ts";
import { touchedBy } from "../core/touched.ts";
import { Watchers } from "../core/watchers.ts";
import { MemoryStreams } from "../memory/streams.ts";
import type { ReadRange, Store, StoreOptions } from "../store.ts";
import { loadSqlite } from "./driver.ts";
import { storeFiles } from "./files.ts";
import { mergeLists } from "./merge-lists.ts";
import type { StoreEvent } from "../core/observe.ts";
import type { JournalBounds } from "./journal-writer.ts";
import { Reader } from "./reader.ts";
import { configure } from "./schema.ts";
import { startWriter } from "./writer-client.ts";

export interface SqliteStoreOptions extends StoreOptions {
  /** A folder, made if it is missing. One process at a time may have it open. */
  readonly path: string;
  /** How much waits to be moved to where it stays. For tests: the default is a trade of memory for writes. */
  readonly journal?: JournalBounds;
  /** Told of every group of commits. */
  readonly observe?: (event: StoreEvent) => void;
}

/** How often the writer looks for what is due while nobody commits. */
const IDLE_MS = 15_000;

/**
 * The embedded store: SQLite in a folder. All writes go through one thread, which syncs commits in groups; reads are
 * done here on a second connection; ephemeral streams are decided on in the writer, so that a commit may mix them with
 * durable ones, and read from a copy here.
 * Rejects with `unavailable` when another process has the folder or a newer version has written it.
 */
export async function createSqliteStore(options: SqliteStoreOptions): Promise<Store> {
  checkCollections(options.collections);
  const now = options.now ?? Date.now;
  const folder = resolve(options.path);
  const ephemeral = new MemoryStreams();
  const streamWatchers = new Watchers();
  const collectionWatchers = new Watchers();
  let closed = false;

  const writer = await startWriter({
    start: { folder, collections: options.collections, journal: options.journal },
    now,
    onGroup: ({ ephemeral: changes }) => {
      if (changes) ephemeral.apply(changes);
    },
    onReport: (report) => options.observe?.({ kind: "group", ...report }),
    onFailure: (commits, message) => options.observe?.({ kind: "group-failed", commits, message }),
  });
  const reader = await openReader(folder);
  const idle = setInterval(() => writer.tick(), IDLE_MS);
  idle.unref();

  const requireOpen = () => {
    if (closed) throw new SkeinError("unavailable", "The store is closed");
  };
  const rowOf = (path: string) => visibleRow(ephemeral.row(path), now()) ?? reader.row(path, now());

  const read = (path: string, range: ReadRange) => {
    requireOpen();
    const held = visibleRow(ephemeral.row(path), now());
    return held ? ephemeral.read(path, range, now()) : reader.read(path, range, now());
  };

  return {
    now,
    async commit(operations) {
      requireOpen();
      const prepared = prepareOperations(operations, options.collections);
      const outcome = await writer.commit(prepared);
      if (outcome.kind === "committed") {
        const touched = touchedBy(prepared);
        streamWatchers.notify(touched.streams);
        collectionWatchers.notify(touched.collections);
      }
      return outcome;
    },
    async getStream(path) {
      requireOpen();
      const row = rowOf(path);
      return row && streamInfo(row);
    },
    readStream: async (path, range) => withMessages(read(path, range)),
    readRuns: async (path, range) => read(path, range),
    async getProducer(path, producerId) {
      requireOpen();
      const row = rowOf(path);
      return row && (row.ephemeral ? ephemeral : reader).producer(row.id, producerId);
    },
    async listStreams(query) {
      requireOpen();
      const rows = mergeLists(reader.list(query, now()), ephemeral.list(query, now()));
      return rows.slice(0, query.limit).map(streamInfo);
    },
    async getRecord<T>(collection: string, id: string) {
      requireOpen();
      requireCollection(collection, options.collections);
      return reader.record<T>(collection, id);
    },
    async queryRecords(query) {
      requireOpen();
      requireCollection(query.collection, options.collections);
      return reader.query(query);
    },
    watchStream: (path, listener) => streamWatchers.add(path, listener),
    watchCollection: (collection, listener) => collectionWatchers.add(collection, listener),
    async close() {
      if (!closed) {
        closed = true;
        clearInterval(idle);
        streamWatchers.clear();
        collectionWatchers.clear();
        reader.close();
      }
      await writer.close();
    },
  };

  async function openReader(path: string): Promise<Reader> {
    try {
      const database = (await loadSqlite())(storeFiles(path).database);
      configure(database, "reader");
      return new Reader(database);
    } catch (error) {
      await writer.close();
      throw error;
    }
  }
}
