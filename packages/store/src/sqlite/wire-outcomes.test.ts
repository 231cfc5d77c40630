import { expect, test } from "vitest";
import type { PreparedOperation } from "../core/operation.ts";
import type { CommitOutcome, StreamInfo } from "../store.ts";
import { packOutcomes, unpackOutcomes } from "./wire-outcomes.ts";

test("[ST1] outcomes arrive as they were decided", () => {
  const plain: StreamInfo = {
    id: 7,
    path: "/a/ü",
    contentType: "application/json",
    head: 12,
    first: 0,
    createdAt: 1_700_000_000_000,
    closed: false,
    deleted: false,
    ephemeral: false,
  };
  const streams: StreamInfo[] = [
    plain,
    { ...plain, closed: true },
    { ...plain, first: 3, ephemeral: true, expiresAt: 5 },
    { ...plain, ttlSeconds: 0 },
    { ...plain, streamSeq: "" },
    { ...plain, forkedFrom: { path: "/b", position: 0 } },
  ];
  const appended = streams.map((stream, start) => ({ kind: "appended" as const, stream, start }));
  const outcomes: CommitOutcome[] = [
    ...appended.map((result) => ({ kind: "committed" as const, results: [result] })),
    { kind: "committed", results: [] },
    {
      kind: "committed",
      results: [{ kind: "done" }, { kind: "record", version: 2 }, { kind: "stream", stream: plain, created: true }],
    },
    { kind: "rejected", operation: 1, reason: { kind: "stream-closed", stream: plain } },
  ];
  const append: PreparedOperation = { kind: "append", path: plain.path, messages: [] };
  const commits = outcomes.map(() => [append, append, append]);
  expect(unpackOutcomes(packOutcomes(outcomes), commits)).toEqual(outcomes);
});
