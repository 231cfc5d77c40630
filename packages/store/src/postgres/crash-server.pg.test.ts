import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Store } from "../store.ts";
import { type Child, runChild } from "../testing/child.ts";
import { checkAfterCrash, crashCollections } from "../testing/crash-rules.ts";
import { findPostgres, type PostgresCluster, startPostgres } from "../testing/postgres-cluster.ts";
import { seeded } from "../testing/seeded.ts";
import { writeWithoutPause } from "../testing/write-without-pause.ts";
import { createPostgresStore } from "./store.ts";

const bin = await findPostgres();
const ROUNDS = 4;
/** The first ones write in the servers that are killed, the last ones here. */
const KILLED = 6;
const OWN = 2;

describe.skipIf(bin === undefined)(
  `a server on PostgreSQL that is killed${bin === undefined ? " (not installed: apt-get install postgresql)" : ""}`,
  () => {
    let cluster: PostgresCluster | undefined;
    let store: Store | undefined;
    let url = "";
    beforeAll(async () => {
      cluster = await startPostgres(bin ?? "");
      url = await cluster.createDatabase();
      store = await createPostgresStore({ url, collections: crashCollections });
    });
    afterAll(async () => {
      await store?.close();
      await cluster?.stop();
    });

    test("[ST118] killed under load it has lost nothing, and the other servers carry on meanwhile", async () => {
      if (!store) throw new Error("No store");
      const random = seeded(4267);
      const acknowledged = new Map<number, number>();
      const say = (writer: number, seq: number) => void acknowledged.set(writer, seq);
      for (let round = 0; round < ROUNDS; round++) {
        const stop = new AbortController();
        const own = Array.from({ length: OWN }, (_, index) =>
          writeWithoutPause(opened(store), KILLED + index, say, stop.signal),
        );
        const children = [0, KILLED / 2].map((first) =>
          runChild("./crash-writer-postgres.ts", [url, String(first), String(KILLED / 2)]),
        );
        await Promise.all(children.map((child) => killAfter(child, 1 + Math.floor(random() * 150), say)));
        const before = acknowledged.get(KILLED) ?? 0;
        await until(() => (acknowledged.get(KILLED) ?? 0) > before + 5);
        stop.abort();
        await Promise.all(own);
        expect(await checkAfterCrash(store, KILLED + OWN, acknowledged)).toEqual([]);
      }
    }, 120_000);
  },
);

async function killAfter(child: Child, acknowledgements: number, say: (writer: number, seq: number) => void) {
  let said = 0;
  let killing: Promise<void> | undefined;
  for await (const line of child.lines) {
    const [writer, seq] = line.split(" ").map(Number);
    if (writer === undefined || seq === undefined) continue;
    say(writer, seq);
    if (++said === acknowledgements) killing = child.kill();
  }
  await killing;
  expect(child.errors()).toBe("");
  expect(said).toBeGreaterThanOrEqual(acknowledgements);
}

async function until(holds: () => boolean): Promise<void> {
  for (let tries = 0; !holds(); tries++) {
    if (tries > 2000) throw new Error("It never came to that");
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

function opened(store: Store | undefined): Store {
  if (!store) throw new Error("No store");
  return store;
}
