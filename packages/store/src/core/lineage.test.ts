import { expect, test } from "vitest";
import type { Located } from "./lineage.ts";
import { lineageOfFork, locate, locateIn, spansOf } from "./lineage.ts";
import type { StreamRow } from "./rows.ts";

const DEPTH = 3000;

/** A chain in which every fork adds one message, and every hundredth takes a few back. */
function chain(): { rows: Map<string, StreamRow>; tip: StreamRow; longest: number } {
  const rows = new Map<string, StreamRow>();
  let tip = row(0, 1, []);
  let longest = 0;
  rows.set(tip.path, tip);
  for (let id = 1; id <= DEPTH; id++) {
    const position = id % 100 === 0 ? tip.head - 7 : tip.head;
    tip = row(id, position + 1, lineageOfFork(tip, position));
    rows.set(tip.path, tip);
    longest = Math.max(longest, tip.lineage.length);
  }
  return { rows, tip, longest };
}

function row(id: number, head: number, lineage: StreamRow["lineage"]): StreamRow {
  const none = { ttlSeconds: undefined, expiresAt: undefined, parent: undefined, ephemeral: undefined };
  const rest = { contentType: "", first: 0, closed: false, deleted: false, createdAt: 0, children: 0 };
  return { ...none, ...rest, streamSeq: undefined, id, path: `/${id}`, head, lineage };
}

test("[ST87] what a fork keeps of its ancestors, and what it takes to find a position, are bounded", () => {
  const { rows, tip, longest } = chain();
  expect(longest).toBeLessThanOrEqual(3 * 33);
  for (let at = 0; at < tip.head; at += 37) {
    let steps = 0;
    let [found]: (Located | undefined)[] = locate(tip, at, at + 1);
    for (; found?.in !== undefined; steps++) [found] = locateIn(rows.get(found.in), found);
    expect(steps).toBeLessThanOrEqual(3);
    expect([found?.low, found?.high]).toEqual([at, at + 1]);
    // Each stream's own log begins behind what it inherited.
    const owner = rows.get(`/${found?.stream}`);
    expect([owner?.lineage.at(-1)?.below ?? 0, owner?.head]).toEqual([at, at + 1]);
  }
});

test("[ST87] the spans of a range follow one another without gap, in both directions", () => {
  const { rows, tip } = chain();
  const rowAt = (path: string) => rows.get(path);
  const [low, high] = [100, tip.head - 50];
  let at = low;
  for (const span of spansOf(locate(tip, low, high), "forward", rowAt)) {
    expect(span.low).toBe(at);
    at = span.high;
  }
  expect(at).toBe(high);
  for (const span of spansOf(locate(tip, low, high), "backward", rowAt)) {
    expect(span.high).toBe(at);
    at = span.low;
  }
  expect(at).toBe(low);
});
