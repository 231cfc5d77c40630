import { findPostgres, type PostgresCluster, startPostgres } from "@skein/store/testing";
import { afterAll, beforeAll, describe, test } from "vitest";
import { chaosScale } from "./chaos/scale.ts";
import { runChaos } from "./chaos/run.ts";

const bin = await findPostgres();
const { seed, kills, parcels, timeout } = chaosScale();

describe.skipIf(bin === undefined)(
  `two servers on one PostgreSQL${bin === undefined ? " (not installed: apt-get install postgresql)" : ""}`,
  () => {
    let cluster: PostgresCluster | undefined;
    beforeAll(async () => {
      cluster = await startPostgres(bin ?? "");
    });
    afterAll(async () => cluster?.stop());

    test(
      `[FL1] two servers and runners are killed at random: every message is handled, in order, by one at a time, and none is left (seed ${seed})`,
      async () => {
        const database = (await cluster?.createDatabase()) ?? "";
        await runChaos({ seed, servers: 2, database, entities: 200, parcels, kills });
      },
      timeout,
    );
  },
);
