import { formatOffset, SkeinError } from "@skein/protocol";
import type { Client } from "@skein/runtime/client";
import { SESSION_INFO_EVENT, type TranscriptEvent } from "@skein/sessions";
import { expect, test } from "vitest";
import type { FollowSubscriber } from "../follower.ts";
import { manualEnvironment } from "../testing/environment.ts";
import { insert, page, transcriptRow } from "../testing/rows.ts";
import { createOverviewScan, readRange } from "./scan.ts";

const PATH = "/_skein/shared-state/coder-session/x";
const prompt = (text: string): TranscriptEvent => ({ v: 1, type: "user_message", text });

/** A log of so many messages, that gives at most `most` of them at once. */
function setUp(count: number, most = Number.POSITIVE_INFINITY, failures: Error[] = []) {
  const rows = Array.from({ length: count }, (_, index) => transcriptRow(`r${index}`, prompt(`p${index}`)));
  const events = [insert(SESSION_INFO_EVENT, "current", INFO), ...page(0, ...rows).events];
  const reads: number[] = [];
  let subscriber: FollowSubscriber | undefined;
  let stopped = 0;
  const readStream: Client["readStream"] = async (_, range) => {
    const failure = failures.shift();
    if (failure !== undefined) throw failure;
    const end = range !== undefined && "before" in range ? Number(range.before.slice(0, 16)) : events.length;
    const limit =
      range !== undefined && "last" in range
        ? range.last
        : range !== undefined && "limit" in range
          ? (range.limit ?? 0)
          : 0;
    const start = Math.max(0, end - Math.min(limit, most));
    reads.push(end - start);
    return {
      start: formatOffset(start),
      offset: formatOffset(end),
      events: events.slice(start, end),
      upToDate: end === events.length,
      closed: false,
    };
  };
  const environment = manualEnvironment();
  const scan = createOverviewScan({
    client: { readStream },
    follower: {
      connection: { get: () => ({ kind: "live" }), set: () => undefined, subscribe: () => () => undefined },
      open: () => () => undefined,
      follow(_, from, given) {
        expect(from).toBe(events.length);
        subscriber = given;
        return () => (stopped += 1);
      },
    },
    environment,
    stream: PATH,
  });
  return { scan, environment, reads, client: { readStream }, live: () => subscriber, stopped: () => stopped };
}

const INFO = { key: "current", agent: "claude", cwd: "/x", sessionId: "x", createdAt: 1 };

test("[WB40] a long log is read once, in bounded pages, oldest first, and then what arrives is added", async () => {
  const { scan, environment, reads, live, stopped } = setUp(1_000);
  await environment.advance(10);
  expect(reads).toEqual([1, 400, 400, 201]);
  expect(scan.view.get()).toMatchObject({ scanned: 1_001, total: 1_001, failure: undefined });
  expect(scan.view.get().overview).toMatchObject({ rows: 1_000, info: { agent: "claude" } });
  // What overlaps is not counted twice.
  live()?.onBatch(page(1_000, transcriptRow("r999", prompt("p999")), transcriptRow("new", prompt("new"))));
  await environment.advance(10);
  expect(scan.view.get()).toMatchObject({ scanned: 1_002, overview: { rows: 1_001 } });
  expect(scan.view.get().overview.turns.at(-1)).toMatchObject({ prompt: "new", position: 1_001, number: 1_001 });
  scan.close();
  expect(stopped()).toBe(1);
});

test("[WB40] pages that are shorter than asked for leave no gap", async () => {
  const { scan, environment, client } = setUp(500, 90);
  await environment.advance(10);
  expect(scan.view.get()).toMatchObject({ scanned: 501, overview: { rows: 500 } });
  const pages = await readRange(client, PATH, 10, 300, new AbortController().signal);
  expect(pages.map(({ start, next }) => [start, next])).toEqual([
    [10, 30],
    [30, 120],
    [120, 210],
    [210, 300],
  ]);
});

test("[WB40] a history that is only being made is waited for, a network that fails is said, and both are tried again", async () => {
  const { scan, environment } = setUp(3, 90, [
    new SkeinError("not_found", "nothing here"),
    new SkeinError("unavailable", "no network"),
  ]);
  const failures: (string | undefined)[] = [];
  scan.view.subscribe(() => failures.push(scan.view.get().failure));
  await environment.advance(60_000);
  expect(scan.view.get()).toMatchObject({ scanned: 4, total: 4, failure: undefined });
  expect(failures.filter((one) => one !== undefined)).toEqual(["no network"]);
  scan.close();
});

test("[WB40] what may not be read is said, and not asked for again", async () => {
  const { scan, environment, reads } = setUp(3, 90, [new SkeinError("forbidden", "not for you")]);
  await environment.advance(60_000);
  expect(scan.view.get()).toMatchObject({ scanned: 0, failure: "not for you" });
  expect(reads).toEqual([]);
});
