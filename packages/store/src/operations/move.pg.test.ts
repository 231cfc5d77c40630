import { join } from "node:path";
import { rm } from "node:fs/promises";
import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { createPostgresStore } from "../postgres/store.ts";
import { loadSqlite } from "../sqlite/driver.ts";
import { storeFiles } from "../sqlite/files.ts";
import { createSqliteStore } from "../sqlite/store.ts";
import type { Store } from "../store.ts";
import { CONTRACT_COLLECTIONS as collections } from "../testing/collections.ts";
import { accepted, append, create, decode, produce, remove } from "../testing/fixture.ts";
import { findPostgres, type PostgresCluster, startPostgres } from "../testing/postgres-cluster.ts";
import { writeSample } from "../testing/sample-content.ts";
import { temporaryFolder } from "../testing/temporary-store.ts";
import { checkSqliteStore } from "./check.ts";
import { checkPostgresStore } from "./check-postgres.ts";
import { moveToPostgres } from "./move.ts";

const bin = await findPostgres();

describe.skipIf(bin === undefined)(
  `moving to PostgreSQL${bin === undefined ? " (not installed: apt-get install postgresql)" : ""}`,
  () => {
    let cluster: PostgresCluster | undefined;
    beforeAll(async () => {
      cluster = await startPostgres(bin ?? "");
    });
    afterAll(async () => cluster?.stop());
    const database = async (): Promise<string> => (await cluster?.createDatabase()) ?? "";
    const sample = async (): Promise<string> => {
      const folder = await temporaryFolder();
      onTestFinished(() => folder.remove());
      const path = join(folder.path, "data");
      const store = await createSqliteStore({ path, collections });
      await writeSample(store);
      await store.close();
      return path;
    };

    test("[ST143] everything arrives: streams, messages, producers, forks by reference and records", async () => {
      const [folder, url] = [await sample(), await database()];
      const source = await createSqliteStore({ path: folder, collections });
      const before = await picture(source);
      await source.close();
      const { content } = await moveToPostgres({ folder, url });
      expect(content).toEqual((await checkPostgresStore({ url, full: true })).content);
      expect(content).toEqual((await checkSqliteStore({ folder, full: true })).content);

      const target = await createPostgresStore({ url, collections });
      expect(await picture(target)).toEqual(before);
      // The index is built anew, forks are references still, producers go on, and ids are not used twice.
      const found = await target.queryRecords({ collection: "things", index: "group", equals: ["g"], limit: 9 });
      expect(found.records.map(({ id }) => id)).toEqual(["2"]);
      accepted(await target.commit([produce("/plain", "p80", "p", 3, 80), create("/new"), append("/new", "1")]));
      accepted(await target.commit([remove("/heir")]));
      expect(await target.getStream("/hidden")).toBeUndefined();
      await target.close();
      // The old place is left as it was, and nobody goes on with it by mistake.
      await expect(createSqliteStore({ path: folder, collections })).rejects.toThrow(/was moved to the database/);
      await expect(moveToPostgres({ folder, url: await database() })).rejects.toThrow(/was moved/);
      await rm(storeFiles(folder).moved);
      await (await createSqliteStore({ path: folder, collections })).close();
    });

    test("[ST143] refused: a server on either side, a target that is not empty, a damaged source", async () => {
      const [folder, url] = [await sample(), await database()];
      const source = await createSqliteStore({ path: folder, collections });
      await expect(moveToPostgres({ folder, url })).rejects.toThrow(/in use by/);
      await source.close();
      const target = await createPostgresStore({ url, collections });
      await expect(moveToPostgres({ folder, url })).rejects.toThrow(/A server runs on the database/);
      accepted(await target.commit([create("/a")]));
      await target.close();
      await expect(moveToPostgres({ folder, url })).rejects.toThrow(/is not empty/);
      const torn = (await loadSqlite())(storeFiles(folder).database);
      torn.exec("UPDATE chunks SET crc = crc + 1 WHERE stream = 1 AND start = 0");
      torn.close();
      const empty = await database();
      await expect(moveToPostgres({ folder, url: empty })).rejects.toThrow(/damaged: \/plain cannot be read/);
      expect(await checkPostgresStore({ url: empty, full: true })).toMatchObject({ streams: 0, records: 0 });
      await expect(moveToPostgres({ folder, url: "postgres://me:s3cret@127.0.0.1:1/x" })).rejects.toThrow(
        /x on 127.0.0.1:1 cannot be reached/,
      );
    });

    test("[ST143] a move that is cut off leaves the target empty, and is done again", async () => {
      const [folder, url] = [await sample(), await database()];
      const other = new Client({ connectionString: url });
      await other.connect();
      let cut: Promise<unknown> | undefined;
      const moving = moveToPostgres({
        folder,
        url,
        onProgress: ({ doing }) => {
          if (doing !== "writing" || cut) return;
          cut = other.query(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'skein' AND datname = current_database()",
          );
        },
      });
      await expect(moving).rejects.toThrow();
      await cut;
      await other.end();
      expect(await checkPostgresStore({ url, full: true })).toMatchObject({ streams: 0, records: 0 });
      const { content } = await moveToPostgres({ folder, url });
      expect(content).toEqual((await checkPostgresStore({ url, full: true })).content);
    });
  },
);

/** All that a reader can see. */
async function picture(store: Store): Promise<unknown> {
  const streams = await store.listStreams({ prefix: "", limit: 1000 });
  return {
    streams,
    messages: await Promise.all(
      streams.map(async ({ path }) => {
        const read = await store.readStream(path, { from: 0 });
        return read.kind === "read" ? read.messages.map(({ body }) => decode(body)) : read.kind;
      }),
    ),
    hidden: await store.getStream("/hidden"),
    producer: await store.getProducer("/plain", "p"),
    records: await Promise.all(["things", "plain"].map((collection) => store.queryRecords({ collection, limit: 99 }))),
  };
}
