import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Store } from "../store.ts";
import { create, decode, produce } from "../testing/fixture.ts";
import { findPostgres, type PostgresCluster, startPostgres } from "../testing/postgres-cluster.ts";
import { createPostgresStore } from "./store.ts";

const bin = await findPostgres();
const WRITERS = 8;
const KILLS = 5;
const BETWEEN_KILLS = 60;

describe.skipIf(bin === undefined)(
  `PostgreSQL that crashes${bin === undefined ? " (not installed: apt-get install postgresql)" : ""}`,
  () => {
    let cluster: PostgresCluster | undefined;
    let store: Store | undefined;
    let url = "";
    beforeAll(async () => {
      cluster = await startPostgres(bin ?? "");
      url = await cluster.createDatabase();
      store = await createPostgresStore({ url, collections: {} });
    });
    afterAll(async () => {
      await store?.close();
      await cluster?.stop();
    });

    test("[ST116] through crashes of the database every acknowledged append is there once, in order", async () => {
      if (!store) throw new Error("No store");
      const crashing = crashEvery(url, BETWEEN_KILLS, KILLS);
      const written = await Promise.all(
        Array.from({ length: WRITERS }, (_, index) => writeUntil(opened(store), `/crash-${index}`, crashing)),
      );
      for (const [index, count] of written.entries()) {
        const read = await retried(() => opened(store).readStream(`/crash-${index}`, { from: 0 }));
        expect(read.kind === "read" && read.messages.map(({ body }) => decode(body))).toEqual(
          Array.from({ length: count }, (_, at) => String(at)),
        );
      }
      expect(crashing.kills).toBeGreaterThanOrEqual(KILLS);
    });
  },
);

function opened(store: Store | undefined): Store {
  if (!store) throw new Error("No store");
  return store;
}

interface Crashing {
  kills: number;
  readonly signal: AbortSignal;
  acknowledged(): void;
}

/** Ends the store's connections' processes after every so many acknowledgements, each time a crash of the database. */
function crashEvery(url: string, every: number, times: number): Crashing {
  const done = new AbortController();
  let count = 0;
  const crash = async () => {
    if ((await killConnections(url)) > 0) crashing.kills++;
  };
  const crashing: Crashing = {
    kills: 0,
    signal: done.signal,
    acknowledged() {
      count++;
      if (count % every !== 0) return;
      if (crashing.kills >= times) return done.abort();
      void crash();
    },
  };
  return crashing;
}

/** How many; none while the database is still coming back from the crash before. */
async function killConnections(url: string): Promise<number> {
  const client = new Client({ connectionString: url });
  client.on("error", () => undefined);
  try {
    await client.connect();
    const { rows } = await client.query<{ pid: number }>(
      "SELECT pid FROM pg_stat_activity WHERE application_name = 'skein' AND datname = current_database()",
    );
    for (const { pid } of rows) process.kill(pid, "SIGKILL");
    return rows.length;
  } catch {
    return 0;
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** Appends numbers under one producer, each until it is acknowledged, until the crashes are over. */
async function writeUntil(store: Store, path: string, crashing: Crashing): Promise<number> {
  await retried(() => store.commit([{ ...create(path), ifExists: "keep" }]));
  for (let seq = 0; ; seq++) {
    if (crashing.signal.aborted) return seq;
    const outcome = await retried(() => store.commit([produce(path, String(seq), "writer", 1, seq)]));
    const again = outcome.kind === "rejected" && outcome.reason.kind === "producer-duplicate";
    if (outcome.kind !== "committed" && !again) throw new Error(JSON.stringify(outcome));
    crashing.acknowledged();
  }
}

/** A person's patience: the database takes a moment to come back. */
async function retried<T>(work: () => Promise<T>): Promise<T> {
  for (let tries = 0; ; tries++) {
    try {
      return await work();
    } catch (error) {
      if (tries > 200) throw error;
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
  }
}
