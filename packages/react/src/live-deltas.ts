import { isChangeEvent, type StreamEvent } from "@skein/runtime/client";
import { codingSessionDelta, DELTA_EVENT, type CodingSessionDelta } from "@skein/sessions";
import type { LogRow } from "./log-window.ts";

/**
 * What is being written at this moment: deltas of the `/live` stream, merged by their key until the durable row with
 * that `liveKey` arrives. Pure. Reading the live stream again from its start changes nothing: a delta says where in the
 * text it belongs.
 */
export interface LiveItem {
  readonly key: string;
  readonly runId: string;
  readonly kind: CodingSessionDelta["kind"];
  readonly callId: string | undefined;
  readonly parentCallId: string | undefined;
  readonly text: string;
  /** Characters in front of `text` that this viewer never got, or that were dropped to stay bounded. */
  readonly base: number;
}

export interface LiveState {
  readonly items: ReadonlyMap<string, LiveItem>;
  /** Keys and runs that the history has settled: later deltas of theirs are ignored. */
  readonly settledKeys: ReadonlySet<string>;
  readonly settledRuns: ReadonlySet<string>;
}

export const emptyLive: LiveState = { items: new Map(), settledKeys: new Set(), settledRuns: new Set() };

const MAX_TEXT = 256 * 1024;
const MAX_ITEMS = 64;
const MAX_SETTLED = 4000;

export function readDeltas(events: readonly StreamEvent[]): CodingSessionDelta[] {
  const deltas: CodingSessionDelta[] = [];
  for (const event of events) {
    if (!isChangeEvent(event) || event.type !== DELTA_EVENT) continue;
    const parsed = codingSessionDelta.safeParse(event.value);
    if (parsed.success) deltas.push(parsed.data);
  }
  return deltas;
}

export function applyDeltas(live: LiveState, deltas: readonly CodingSessionDelta[]): LiveState {
  const items = new Map(live.items);
  for (const delta of deltas) {
    if (live.settledKeys.has(delta.key) || live.settledRuns.has(delta.runId)) continue;
    items.set(delta.key, merge(items.get(delta.key), delta));
  }
  dropOldest(items, MAX_ITEMS);
  return { ...live, items };
}

/** Takes out what the given rows complete. `rows` are new to the caller or the whole window; both are fine. */
export function settle(live: LiveState, rows: readonly LogRow[]): LiveState {
  const keys = new Set(live.settledKeys);
  const runs = new Set(live.settledRuns);
  const items = new Map(live.items);
  for (const { row } of rows) {
    if (row.liveKey !== undefined) {
      keys.add(row.liveKey);
      dropThrough(items, row.liveKey);
    }
    const { type } = row.payload;
    if (type === "tool_result") dropOutputOf(items, row.callId ?? row.payload.callId);
    if ((type === "turn_complete" || type === "turn_aborted") && row.runId !== undefined) {
      runs.add(row.runId);
      dropRun(items, row.runId);
    }
  }
  dropOldest(keys, MAX_SETTLED);
  dropOldest(runs, MAX_SETTLED);
  return { items, settledKeys: keys, settledRuns: runs };
}

function merge(item: LiveItem | undefined, delta: CodingSessionDelta): LiveItem {
  const start = {
    key: delta.key,
    runId: delta.runId,
    kind: delta.kind,
    callId: delta.callId,
    parentCallId: delta.parentCallId,
  };
  // Text that begins behind what is there was missed; text in front of what is kept was dropped on purpose.
  if (item === undefined || delta.at > item.base + item.text.length) {
    return bounded({ ...start, text: delta.text, base: delta.at });
  }
  const at = delta.at - item.base;
  const known = item.text.length;
  if (at + delta.text.length <= known) return item;
  return bounded({
    ...item,
    text: at >= 0 ? item.text.slice(0, at) + delta.text : item.text + delta.text.slice(known - at),
  });
}

function bounded(item: LiveItem): LiveItem {
  const extra = item.text.length - MAX_TEXT;
  return extra <= 0 ? item : { ...item, text: item.text.slice(extra), base: item.base + extra };
}

/**
 * One thread of an agent writes its blocks one after the other, so a completed block completes those before it: a page
 * that joins late does not have the rows of all of them in its window.
 */
function dropThrough(items: Map<string, LiveItem>, key: string): void {
  const done = items.get(key);
  if (done === undefined) return;
  for (const item of items.values()) {
    const sameThread = item.runId === done.runId && item.parentCallId === done.parentCallId;
    if (item.key === key || (sameThread && item.kind !== "tool_output")) items.delete(item.key);
    if (item.key === key) return;
  }
}

function dropOutputOf(items: Map<string, LiveItem>, callId: string): void {
  for (const item of items.values()) if (item.callId === callId) items.delete(item.key);
}

function dropRun(items: Map<string, LiveItem>, runId: string): void {
  for (const item of items.values()) if (item.runId === runId) items.delete(item.key);
}

function dropOldest(entries: Map<string, unknown> | Set<string>, max: number): void {
  for (const key of entries.keys()) {
    if (entries.size <= max) return;
    entries.delete(key);
  }
}
