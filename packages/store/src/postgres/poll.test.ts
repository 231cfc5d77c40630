import { expect, test } from "vitest";
import type { StreamRow } from "../core/rows.ts";
import { Watchers } from "../core/watchers.ts";
import { watchByPolling } from "./poll.ts";

const row: StreamRow = {
  id: 1,
  path: "/s",
  contentType: "text/plain",
  head: 1,
  first: 0,
  closed: false,
  deleted: false,
  createdAt: 0,
  ttlSeconds: undefined,
  expiresAt: undefined,
  parent: undefined,
  lineage: [],
  children: 0,
  ephemeral: undefined,
  streamSeq: undefined,
};

test("a look that fails is told, and the next one finds what the failed one missed", async () => {
  const streamWatchers = new Watchers();
  const failures: unknown[] = [];
  const heard: string[] = [];
  let away = true;
  streamWatchers.add("/s", () => void heard.push("/s"));
  const polling = watchByPolling({
    reader: { rows: () => (away ? Promise.reject(new Error("away")) : Promise.resolve([{ ...row }])) },
    streamWatchers,
    collectionWatchers: new Watchers(),
    pollMs: 3_600_000,
    onFailure: (error) => void failures.push(error),
  });
  polling.lookNow();
  await polling.close();
  expect([failures, heard]).toEqual([[new Error("away")], []]);

  away = false;
  polling.lookNow();
  await polling.close();
  expect([failures.length, heard]).toEqual([1, ["/s"]]);
});
