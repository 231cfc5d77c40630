import { afterAll, beforeAll, describe } from "vitest";
import { runStoreContract } from "../testing/contract.ts";
import { findPostgres, type PostgresCluster, startPostgres } from "../testing/postgres-cluster.ts";
import { createPostgresStore } from "./store.ts";

const bin = await findPostgres();

describe.skipIf(bin === undefined)(
  `PostgreSQL${bin === undefined ? " (not installed: apt-get install postgresql)" : ""}`,
  () => {
    let cluster: PostgresCluster | undefined;
    beforeAll(async () => {
      cluster = await startPostgres(bin ?? "");
    });
    afterAll(async () => cluster?.stop());

    runStoreContract("PostgreSQL", async (options) => {
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
        dispose: () => store.close(),
      };
    });
  },
);
