import { createPostgresStore } from "@skein/store/postgres";
import { findPostgres, type PostgresCluster, startPostgres } from "@skein/store/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { claimedBody, subscribed } from "../testing/subscribed.ts";
import { SUBSCRIPTION_COLLECTIONS } from "./records.ts";
import { SETTLE_MS } from "./settle.ts";

const bin = await findPostgres();

/** Two servers, each with a store and a clock of its own, on one database. */
describe.skipIf(bin === undefined)(
  `PostgreSQL${bin === undefined ? " (not installed: apt-get install postgresql)" : ""}`,
  () => {
    let cluster: PostgresCluster | undefined;
    beforeAll(async () => {
      cluster = await startPostgres(bin ?? "");
    });
    afterAll(async () => cluster?.stop());

    test("[SB12][SB25] appends here meet claims that end there, and none is lost", async () => {
      let time = Date.now();
      const now = (): number => time;
      const options = { url: (await cluster?.createDatabase()) ?? "", collections: SUBSCRIPTION_COLLECTIONS, now };
      const here = subscribed({ store: await createPostgresStore(options), now });
      const there = subscribed({ store: await createPostgresStore(options), now });
      await here.pullWake("s", { pattern: "events/*" });
      await there.append("events/a", 0);
      time += SETTLE_MS;
      expect((await here.wakes()).length).toBeGreaterThan(0);
      for (let round = 0; round < 20; round += 1) {
        const held = await there.claimed("s");
        await Promise.all([
          there.finish("s", held),
          here.append(`events/${round % 3}`, round),
          there.append("events/a", 1),
        ]);
        await Promise.all([here.subscriptions.run(), there.subscriptions.run()]);
        const next = claimedBody.parse((await here.claim("s")).body);
        expect((await there.finish("s", next)).status).toBe(200);
        await there.append("events/a", 2);
      }
      await here.close();
      await there.close();
      expect([...here.errors, ...there.errors]).toEqual([]);
    });
  },
);
