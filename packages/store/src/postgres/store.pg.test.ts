import { Client } from "pg";
import { afterAll, beforeAll, describe } from "vitest";
import { runStoreContract } from "../testing/contract.ts";
import type { OpenedStore } from "../testing/fixture.ts";
import { runStoreLimits } from "../testing/limits.ts";
import { runStoreProperties } from "../testing/properties/index.ts";
import { findPostgres, type PostgresCluster, startPostgres } from "../testing/postgres-cluster.ts";
import { createPostgresStore, type PostgresStoreOptions } from "./store.ts";

const bin = await findPostgres();

describe.skipIf(bin === undefined)(
  `PostgreSQL${bin === undefined ? " (not installed: apt-get install postgresql)" : ""}`,
  () => {
    let cluster: PostgresCluster | undefined;
    beforeAll(async () => {
      cluster = await startPostgres(bin ?? "");
    });
    afterAll(async () => cluster?.stop());

    const open = async (options: Omit<PostgresStoreOptions, "url">): Promise<OpenedStore> => {
      if (!cluster) throw new Error("The cluster is not running");
      const url = await cluster.createDatabase();
      let store = await createPostgresStore({ ...options, url });
      return {
        store,
        sharesEphemeral: true,
        async reopen() {
          await store.close();
          store = await createPostgresStore({ ...options, url });
          return store;
        },
        swept: () => swept(url, options.now?.() ?? 0),
        dispose: () => store.close(),
      };
    };

    runStoreContract("PostgreSQL", open);
    runStoreLimits("PostgreSQL", open);
    // Sweeping and cleaning go on meanwhile.
    runStoreProperties("PostgreSQL", (options) => open({ ...options, maintenanceMs: 20 }), { runs: 12, shrink: false });
  },
);

async function swept(url: string, now: number): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    for (let tries = 0; tries < 1000; tries++) {
      const { rowCount } = await client.query(
        `SELECT 1 FROM skein.streams WHERE expires_at <= $1 AND NOT deleted
         UNION ALL SELECT 1 FROM skein.live_streams WHERE expires_at <= $1`,
        [now],
      );
      if (rowCount === 0) return;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    throw new Error("Expired streams are not swept");
  } finally {
    await client.end();
  }
}
