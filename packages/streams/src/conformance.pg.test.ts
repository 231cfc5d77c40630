import { createPostgresStore } from "@skein/store/postgres";
import { findPostgres, type PostgresCluster, startPostgres } from "@skein/store/testing";
import { describe } from "vitest";
import { SUBSCRIPTION_COLLECTIONS } from "./subscriptions/records.ts";
import { describeConformance } from "./testing/conformance-suite.ts";

const bin = await findPostgres();
let cluster: PostgresCluster | undefined;

describe.skipIf(bin === undefined)(
  `PostgreSQL${bin === undefined ? " (not installed: apt-get install postgresql)" : ""}`,
  () => {
    describeConformance(
      "PostgreSQL store",
      async () => {
        cluster = await startPostgres(bin ?? "");
        return createPostgresStore({ url: await cluster.createDatabase(), collections: SUBSCRIPTION_COLLECTIONS });
      },
      async () => cluster?.stop(),
    );
  },
);
