import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Store } from "@skein/store";
import { createMemoryStore } from "@skein/store/memory";
import { createSqliteStore } from "@skein/store/sqlite";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { drive, JSON_TYPE, jsonStream, type Drive } from "./testing/drive.ts";

/** What the reference server loses when a change of a stream's state meets an append in flight. */
const ROUNDS = 20;

describe("over memory", () => {
  races(async () => createMemoryStore({ collections: {} }));
});

describe("over SQLite", () => {
  let folder = "";
  afterAll(() => rm(folder, { recursive: true, force: true }));
  races(async () => {
    folder = await mkdtemp(join(tmpdir(), "skein-races-"));
    return createSqliteStore({ path: folder, collections: {} });
  });
});

function races(openStore: () => Promise<Store>): void {
  let driven: Drive;
  beforeAll(async () => {
    driven = drive({ store: await openStore() });
  });
  afterAll(() => driven.store.close());

  test("[SH6] a close that meets an append is kept: no append after it is accepted", async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const path = `/close-${round}`;
      await jsonStream(driven, path);
      const append = () => driven.send("POST", path, { headers: JSON_TYPE, body: '"m"' });
      const close = () => driven.send("POST", path, { headers: { "stream-closed": "true" } });
      const responses = await Promise.all([append(), append(), close(), append(), append()]);
      const accepted = responses.filter((response, index) => index !== 2 && response.status === 204).length;
      expect(responses[2]?.status).toBe(204);
      expect((await append()).status).toBe(409);
      expect(await (await driven.send("GET", path)).json()).toHaveLength(accepted);
    }
  });

  test("[SH6] a fork that meets an append keeps its history when the source is deleted", async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const path = `/fork-${round}`;
      await jsonStream(driven, path, ["first"]);
      await Promise.all([
        driven.send("POST", path, { headers: JSON_TYPE, body: '"m"' }),
        driven.send("PUT", `${path}-of`, { headers: { "stream-forked-from": path } }),
        driven.send("POST", path, { headers: JSON_TYPE, body: '"m"' }),
      ]);
      expect((await driven.send("DELETE", path)).status).toBe(204);
      const inherited = (await (await driven.send("GET", `${path}-of`)).json()) as unknown[];
      expect(inherited[0]).toBe("first");
    }
  });

  test("[SH6] a delete that meets an append leaves no stream behind, and the path can be used again", async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const path = `/delete-${round}`;
      await jsonStream(driven, path, ["old"]);
      const append = () => driven.send("POST", path, { headers: JSON_TYPE, body: '"m"' });
      const responses = await Promise.all([append(), driven.send("DELETE", path), append()]);
      for (const { status } of responses) expect([204, 404]).toContain(status);
      expect((await driven.send("GET", path)).status).toBe(404);
      await jsonStream(driven, path, ["new"]);
      expect(await (await driven.send("GET", path)).json()).toEqual(["new"]);
    }
  });

  test("[SH6] many streams written at once lose and double nothing, and retried producers are exactly once", async () => {
    const streams = Array.from({ length: 300 }, (_, n) => `/many-${n}`);
    await Promise.all(streams.map((path) => jsonStream(driven, path)));
    for (let seq = 0; seq < 5; seq++) {
      const producer = { ...JSON_TYPE, "producer-id": "p", "producer-epoch": "0", "producer-seq": String(seq) };
      const send = (path: string) => driven.send("POST", path, { headers: producer, body: String(seq) });
      const statuses = await Promise.all(streams.flatMap((path) => [send(path), send(path)]));
      expect(statuses.filter(({ status }) => status === 200)).toHaveLength(300);
      expect(statuses.filter(({ status }) => status === 204)).toHaveLength(300);
    }
    for (const path of streams) expect(await (await driven.send("GET", path)).json()).toEqual([0, 1, 2, 3, 4]);
  });
}
