import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Store } from "../store.ts";
import { accepted, append, create, decode, fork, remove } from "../testing/fixture.ts";
import { findPostgres, type PostgresCluster, startPostgres } from "../testing/postgres-cluster.ts";
import { createPostgresStore } from "./store.ts";

const bin = await findPostgres();

describe.skipIf(bin === undefined)(
  `packing on PostgreSQL${bin === undefined ? " (not installed: apt-get install postgresql)" : ""}`,
  () => {
    let cluster: PostgresCluster | undefined;
    let database: Client | undefined;
    const stores: Store[] = [];
    beforeAll(async () => {
      cluster = await startPostgres(bin ?? "");
      const url = await cluster.createDatabase();
      for (let index = 0; index < 3; index++)
        stores.push(await createPostgresStore({ url, collections: {}, maintenanceMs: 5 }));
      database = new Client({ connectionString: url });
      await database.connect();
    });
    afterAll(async () => {
      await database?.end();
      await Promise.all(stores.map((store) => store.close()));
      await cluster?.stop();
    });
    const store = (index: number): Store => {
      const found = stores[index % stores.length];
      if (!found) throw new Error("No store");
      return found;
    };
    const count = async (table: string): Promise<number> => {
      const found = await database?.query<{ n: number }>(`SELECT count(*)::integer AS n FROM skein.${table}`);
      return found?.rows[0]?.n ?? -1;
    };
    /** Resolves when it holds: maintenance comes every few milliseconds. */
    const until = async (holds: () => Promise<boolean>) => {
      for (let tries = 0; !(await holds()); tries++) {
        if (tries > 1000) throw new Error("It never came to that");
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    };

    test("[ST117] small chunks of several servers' appends end in few rows, under readers, forks and deletions", async () => {
      await store(0).commit([create("/a"), create("/doomed")]);
      const writing = stores.map(async (one, server) => {
        for (let index = 0; index < 150; index++) {
          accepted(await one.commit([append("/a", `${server}:${index}`)]));
          await one.commit([append("/doomed", "x")]);
        }
      });
      let read = "";
      const reading = (async () => {
        for (let round = 0; round < 30; round++) {
          const page = await store(round).readStream("/a", { from: 0, maxBytes: 1_000_000 });
          if (page.kind !== "read") throw new Error(page.kind);
          const text = page.messages.map(({ body }) => decode(body)).join(" ");
          expect(text.startsWith(read)).toBe(true);
          read = text;
        }
      })();
      await store(1).commit([fork("/b", "/a")]);
      await reading;
      await store(2).commit([remove("/doomed")]);
      await Promise.all(writing);
      await until(async () => (await count("chunks")) < 3 * 64 + 30);
      await until(async () => (await count("garbage")) === 0);
      const page = await store(0).readStream("/a", { from: 0 });
      const texts = page.kind === "read" ? page.messages.map(({ body }) => decode(body)) : [];
      for (const server of [0, 1, 2])
        expect(texts.filter((text) => text.startsWith(`${server}:`))).toEqual(
          Array.from({ length: 150 }, (_, index) => `${server}:${index}`),
        );
      // Nothing is left of the stream that was deleted while it was packed.
      const known = await database?.query(
        "SELECT 1 FROM skein.chunks WHERE stream NOT IN (SELECT id FROM skein.streams)",
      );
      expect(known?.rowCount).toBe(0);
    });

    test("[ST117] what a server left unpacked, another packs with its first append", async () => {
      await store(0).commit([create("/left")]);
      await database?.query(
        `WITH s AS (UPDATE skein.streams SET head = 500 WHERE path = '/left' RETURNING id)
         INSERT INTO skein.chunks SELECT id, at, 1, 3904355907, 'a' FROM s, generate_series(0, 499) AS at`,
      );
      const loose = await count("chunks");
      await store(1).commit([append("/left", "b")]);
      await until(async () => (await count("chunks")) < loose - 400);
      const page = await store(2).readStream("/left", { last: 3 });
      expect(page.kind === "read" && page.messages.map(({ body }) => decode(body))).toEqual(["a", "a", "b"]);
    });
  },
);
