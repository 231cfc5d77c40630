import { randomUUID } from "node:crypto";
import type pg from "pg";
import { SkeinError } from "@skein/protocol";
import { checkCollections } from "../core/index-keys.ts";
import type { StoreEvent } from "../core/observe.ts";
import { prepareOperations, requireCollection } from "../core/operation.ts";
import { withMessages } from "../core/runs.ts";
import { streamInfo } from "../core/rows.ts";
import { Watchers } from "../core/watchers.ts";
import type { Store, StoreOptions } from "../store.ts";
import { createConnection, createPool, type PostgresAddress } from "./connect.ts";
import { CommitQueue } from "./commit-queue.ts";
import { checkAddress, explainRefusal } from "./describe.ts";
import { Folder } from "./folder.ts";
import { listenForHints } from "./hints.ts";
import { runMaintenance } from "./maintenance.ts";
import { watchByPolling } from "./poll.ts";
import { Reader } from "./reader.ts";
import { prepareDatabase } from "./schema.ts";

export interface PostgresStoreOptions extends StoreOptions, PostgresAddress {
  /** How often watched streams are looked at in case a notification was lost, in milliseconds. Default 2000. */
  readonly pollMs?: number;
  /** How often expired streams and deleted data are cleaned up and chunks packed, in milliseconds. Default 15000. */
  readonly maintenanceMs?: number;
  /** Told of every group of commits. */
  readonly observe?: (event: StoreEvent) => void;
}

/**
 * The distributed store: any number of servers on one PostgreSQL (14 or later; no extension, no superuser).
 * Commits of one server's callers go as groups in few transactions. The database's clock judges time, unless `now` is
 * given, which is for tests.
 * Rejects with `unavailable` when the database cannot be reached or a newer version has written it.
 */
export async function createPostgresStore(options: PostgresStoreOptions): Promise<Store> {
  checkCollections(options.collections);
  const indexes = await prepare(options);
  const self = randomUUID();
  const pool = createPool(options);
  const reader = new Reader(pool, indexes);
  const streamWatchers = new Watchers();
  const collectionWatchers = new Watchers();
  const clock = options.now ? givenClock(options.now) : await databaseClock(pool);
  const folder = new Folder(pool);
  const queue = new CommitQueue({
    address: options,
    indexes,
    self,
    now: options.now,
    observe: options.observe,
    onGroup: (touched, now) => {
      clock.learn(now);
      folder.touched(touched.streams);
      streamWatchers.notify(touched.streams);
      collectionWatchers.notify(touched.collections);
    },
  });
  const told = (work: "maintenance" | "polling") => (error: unknown) =>
    options.observe?.({
      kind: "background-failed",
      work,
      message: error instanceof Error ? error.message : String(error),
    });
  const polling = watchByPolling({
    reader,
    streamWatchers,
    collectionWatchers,
    pollMs: options.pollMs ?? 2000,
    onFailure: told("polling"),
  });
  const hints = listenForHints({
    address: options,
    self,
    onHint: ({ streams, collections }) => {
      streamWatchers.notify(streams.includes("*") ? streamWatchers.names() : streams);
      collectionWatchers.notify(collections.includes("*") ? collectionWatchers.names() : collections);
    },
    onConnected: () => polling.lookNow(),
  });
  const maintenance = runMaintenance({
    pool,
    queue,
    folder,
    now: clock.now,
    everyMs: options.maintenanceMs ?? 15_000,
    onFailure: told("maintenance"),
  });
  let closed = false;
  const requireOpen = () => {
    if (closed) throw new SkeinError("unavailable", "The store is closed");
  };

  return {
    now: clock.now,
    async commit(operations) {
      requireOpen();
      return queue.commit(prepareOperations(operations, options.collections));
    },
    async getStream(path) {
      requireOpen();
      const row = await reader.row(path, clock.now());
      return row && streamInfo(row);
    },
    async readStream(path, range) {
      requireOpen();
      return withMessages(await reader.read(path, range, clock.now()));
    },
    async readRuns(path, range) {
      requireOpen();
      return reader.read(path, range, clock.now());
    },
    async getProducer(path, producerId) {
      requireOpen();
      const row = await reader.row(path, clock.now());
      return row && reader.producer(row.id, producerId);
    },
    async listStreams(query) {
      requireOpen();
      return (await reader.list(query, clock.now())).map(streamInfo);
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
      if (closed) return;
      closed = true;
      streamWatchers.clear();
      collectionWatchers.clear();
      await Promise.all([polling.close(), hints.close(), maintenance.close()]);
      await queue.close();
      await pool.end();
    },
  };
}

async function prepare(options: PostgresStoreOptions) {
  checkAddress(options.url);
  const client = createConnection(options);
  try {
    await client.connect();
    return await prepareDatabase(client, options.collections);
  } catch (error) {
    throw explainRefusal(options.url, error);
  } finally {
    await client.end().catch(() => undefined);
  }
}

interface Clock {
  readonly now: () => number;
  /** The database has said what time it is. */
  learn(now: number): void;
}

/** For tests: one that nobody has to tell. */
function givenClock(now: () => number): Clock {
  return { now, learn: () => undefined };
}

/** The database's time, kept by this machine's monotonic clock between the times it is told. */
async function databaseClock(pool: pg.Pool): Promise<Clock> {
  const { rows } = await pool.query<{ now: number }>(
    "SELECT floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint AS now",
  );
  let told = { at: performance.now(), now: rows[0]?.now ?? Date.now() };
  return {
    now: () => Math.floor(told.now + performance.now() - told.at),
    learn: (now: number) => {
      told = { at: performance.now(), now };
    },
  };
}
