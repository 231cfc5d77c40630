import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Store } from "../store.ts";
import { CONTRACT_COLLECTIONS } from "../testing/collections.ts";
import { accepted, append, create, decode, produce, put } from "../testing/fixture.ts";
import { findPostgres, type PostgresCluster, startPostgres } from "../testing/postgres-cluster.ts";
import { createPostgresStore } from "./store.ts";

const bin = await findPostgres();

/** What only several servers on one database can get wrong. */
describe.skipIf(bin === undefined)(
  `servers on one PostgreSQL${bin === undefined ? " (not installed: apt-get install postgresql)" : ""}`,
  () => {
    let cluster: PostgresCluster | undefined;
    const stores: Store[] = [];
    beforeAll(async () => {
      cluster = await startPostgres(bin ?? "");
      const url = await cluster.createDatabase();
      // Together: the tables are made once.
      stores.push(
        ...(await Promise.all([0, 1, 2].map(() => createPostgresStore({ url, collections: CONTRACT_COLLECTIONS })))),
      );
    });
    afterAll(async () => {
      await Promise.all(stores.map((store) => store.close()));
      await cluster?.stop();
    });
    const store = (index: number): Store => {
      const found = stores[index % stores.length];
      if (!found) throw new Error("No store");
      return found;
    };

    test("[ST110] appends of several servers to one stream leave no gap, and each server reads the same", async () => {
      await store(0).commit([create("/race")]);
      const outcomes = await Promise.all(
        Array.from({ length: 150 }, (_, index) => store(index).commit([append("/race", String(index))])),
      );
      const starts = outcomes.map((outcome) => {
        const [result] = accepted(outcome);
        return result?.kind === "appended" ? result.start : -1;
      });
      expect(starts.toSorted((left, right) => left - right)).toEqual(Array.from({ length: 150 }, (_, index) => index));
      const reads = await Promise.all(stores.map((one) => one.readStream("/race", { from: 0 })));
      for (const read of reads) {
        if (read.kind !== "read") throw new Error(read.kind);
        expect(read.messages.map(({ body }) => starts[Number(decode(body))])).toEqual(
          read.messages.map(({ position }) => position),
        );
      }
    });

    test("[ST111] of servers that compare and set one record, exactly one wins each round", async () => {
      await store(0).commit([put("plain", "lease", { round: 0 })]);
      for (let round = 1; round <= 10; round++) {
        const outcomes = await Promise.all(
          stores.map((one, owner) =>
            one.commit([{ ...put("plain", "lease", { round, owner }), expectedVersion: round }]),
          ),
        );
        expect(outcomes.filter(({ kind }) => kind === "committed")).toHaveLength(1);
      }
    });

    test("[ST112] a path that servers make at the same moment is made once", async () => {
      for (let round = 0; round < 10; round++) {
        const outcomes = await Promise.all(stores.map((one) => one.commit([create(`/made-${round}`)])));
        expect(outcomes.filter(({ kind }) => kind === "committed")).toHaveLength(1);
      }
    });

    test("[ST113] an epoch that one server accepted fences the old one on every other", async () => {
      await store(0).commit([create("/fenced"), produce("/fenced", "a", "p", 1, 0)]);
      accepted(await store(1).commit([produce("/fenced", "b", "p", 2, 0)]));
      expect(await store(2).commit([produce("/fenced", "c", "p", 1, 1)])).toMatchObject({
        kind: "rejected",
        reason: { kind: "producer-fenced", epoch: 2 },
      });
    });

    test("[ST114] a watcher hears of what another server committed, in streams and in collections", async () => {
      await store(0).commit([create("/watched")]);
      const heard = Promise.all([
        new Promise<void>((resolve) => store(1).watchStream("/watched", resolve)),
        new Promise<void>((resolve) => store(2).watchCollection("things", resolve)),
      ]);
      await store(0).commit([append("/watched", "x"), put("things", "t", { group: "g" })]);
      await heard;
      const read = await store(1).readStream("/watched", { from: 0 });
      expect(read.kind === "read" && read.messages.map(({ body }) => decode(body))).toEqual(["x"]);
    });

    test("[ST115] an ephemeral stream that one server writes is read on another", async () => {
      const live = { ...create("/live"), ephemeral: { maxBytes: 1000, idleMs: 60_000 } };
      accepted(await store(0).commit([live, append("/live", "typing")]));
      const read = await store(1).readStream("/live", { last: 5 });
      expect(read.kind === "read" && read.messages.map(({ body }) => decode(body))).toEqual(["typing"]);
    });
  },
);
