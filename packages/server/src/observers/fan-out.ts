import type { PlacedEvent } from "@skein/protocol";
import type { Operation, StoredRecord } from "@skein/store";
import type { ServerContext } from "../context.ts";
import { allDone } from "../records/all-done.ts";
import type { NewsRecord, ObservedRecord, ObserverRecord } from "../records/collections.ts";
import { readSlice } from "../wakes/read-events.ts";
import { withDue } from "./declare.ts";
import { isEmpty, matchesOf, type Matched } from "./matches.ts";
import { isSetPath } from "./paths.ts";
import { readRunResponse } from "./response.ts";
import type { Rests } from "./rests.ts";
import { responseKey, rowsOf, tell } from "./tell.ts";

/**
 * Tells observers what is new in their source. The appender has left one record of news, whatever the number of
 * observers; here each of them is told in a commit of its own, many at a time. Any server does it: an observer's record
 * says up to where it was told, so that nothing is told twice and what a lost server left is told by another one.
 */
const PAGE = 500;
/** So much of a log is looked at in one go. */
export const MAX_EVENTS = 5000;
/** Observers whom nothing concerned are noted this rarely; until then these events are looked at again. */
const MAX_LAG = 200;
const AT_A_TIME = 50;

/**
 * Looks at every stream that has news; answers whether there was any. `rests` says of which it is too early: to tell
 * many takes a while, and what comes meanwhile is told together.
 */
export async function lookAtNews(context: ServerContext, rests: Rests): Promise<boolean> {
  const { store } = context;
  let found = false;
  for (let after: string | undefined; ;) {
    const page = await store.queryRecords<NewsRecord>({
      collection: "news",
      index: "fresh",
      equals: [true],
      limit: AT_A_TIME,
      ...(after !== undefined && { after }),
    });
    const awake = page.records.filter(({ id }) => !rests.isResting(id));
    found ||= awake.length > 0;
    await allDone(awake.map(async (news) => rests.told(news.id, await lookAtStream(context, news))));
    if (page.next === undefined) return found;
    after = page.next;
  }
}

/** Answers how many observe it. */
async function lookAtStream(context: ServerContext, { id: path, version }: StoredRecord<NewsRecord>): Promise<number> {
  const { store } = context;
  const all = await observersOf(context, path);
  if (all.length === 0) {
    await sweep(context, path, version);
    return 0;
  }
  // Those that gather changes are told when their time has come.
  const observers = all.filter(({ debounceUntil }) => debounceUntil === undefined);
  const head = (await store.getStream(path))?.head ?? 0;
  const from = observers.reduce((least, { cursor }) => Math.min(least, cursor), head);
  const to = Math.min(head, from + MAX_EVENTS);
  const events = await readSlice(store, path, { from, to });
  const said = createResponses(context);
  let done = to >= head;
  for (let at = 0; at < observers.length; at += AT_A_TIME) {
    const told = await Promise.all(
      observers.slice(at, at + AT_A_TIME).map((observer) => lookAt(context, observer, { events, to, said })),
    );
    done &&= told.every(Boolean);
  }
  // What was appended in between has put another version: then somebody looks again.
  if (done) await store.commit([seen(path, version)]);
  return all.length;
}

/** The record stays: one that was made anew would have the version of an earlier one that somebody still looks at. */
function seen(path: string, expectedVersion: number): Operation {
  return { kind: "put-record", collection: "news", id: path, value: {}, expectedVersion };
}

async function observersOf({ store }: ServerContext, path: string): Promise<ObserverRecord[]> {
  const found: ObserverRecord[] = [];
  for (let after: string | undefined; ;) {
    const page = await store.queryRecords<ObserverRecord>({
      collection: "observers",
      index: "bySource",
      equals: [path],
      limit: PAGE,
      ...(after !== undefined && { after }),
    });
    found.push(...page.records.map(({ value }) => value));
    if (page.next === undefined) return found;
    after = page.next;
  }
}

interface Range {
  readonly events: readonly PlacedEvent[];
  readonly to: number;
  readonly said: Responses;
}

/** False: it was changed at the same time, and has to be looked at again. */
async function lookAt(context: ServerContext, observer: ObserverRecord, { events, to, said }: Range): Promise<boolean> {
  const { cursor, wake } = observer;
  if (cursor >= to) return true;
  const matched = matchesOf(
    observer,
    events.filter(({ position }) => position >= cursor),
  );
  if (isEmpty(matched)) {
    return to - cursor <= MAX_LAG || tell(context, observer, { rows: [], after: { ...observer, cursor: to } });
  }
  const debounceMs = wake?.on === "change" ? wake.debounceMs : 0;
  if (debounceMs === 0) return tellMatched(context, observer, matched, { to, said });
  const debounceUntil = context.store.now() + debounceMs;
  // Something has happened: this is no silence.
  const { timeoutAt: _, ...rest } = observer;
  return tell(context, observer, { rows: [], after: withDue({ ...rest, debounceUntil }) });
}

export async function tellMatched(
  context: ServerContext,
  observer: ObserverRecord,
  matched: Matched,
  { to, said }: Pick<Range, "to" | "said">,
): Promise<boolean> {
  const now = context.store.now();
  const { debounceUntil: _, timeoutAt: _t, ...rest } = observer;
  const timeoutMs = observer.wake?.timeoutMs;
  const after = withDue({ ...rest, cursor: to, ...(timeoutMs !== undefined && { timeoutAt: now + timeoutMs }) });
  const news = await withoutTold(context, observer, matched);
  if (isEmpty(news)) return tell(context, observer, { rows: [], after });
  const responses = await said(observer, news);
  return tell(context, observer, { rows: rowsOf(observer, news, { to, responses, id: context.rules.id }), after });
}

/** Runs of which the observer was told when they ended, because it had asked for that at the spawn. */
async function withoutTold({ store }: ServerContext, observer: ObserverRecord, matched: Matched): Promise<Matched> {
  if (matched.kind !== "runs") return matched;
  const asked = await Promise.all(
    matched.runs.map(({ url }) => store.getRecord("subscriptions", `${url} ${observer.subscriber}`)),
  );
  return { kind: "runs", runs: matched.runs.filter((_, index) => asked[index] === undefined) };
}

type Responses = (observer: ObserverRecord, matched: Matched) => Promise<ReadonlyMap<string, string>>;

/** What runs have said, read once for all observers. */
export function createResponses({ store }: ServerContext): Responses {
  const read = new Map<string, Promise<string>>();
  return async ({ wake }, matched) => {
    if (matched.kind !== "runs" || wake?.on !== "runFinished" || !wake.includeResponse) return new Map();
    const texts = matched.runs.map(async (run) => {
      const key = responseKey(run);
      const text = read.get(key) ?? readRunResponse(store, run);
      read.set(key, text);
      return [key, await text] as const;
    });
    return new Map(await Promise.all(texts));
  };
}

/**
 * Nobody observes it any more. In two steps, since somebody may declare at this moment: a declaration either is seen by
 * the second look, or finds the stream closing and keeps it.
 */
async function sweep({ store }: ServerContext, path: string, news: number): Promise<void> {
  const id = path;
  const found = await store.getRecord<ObservedRecord>("observed", id);
  const drop = seen(path, news);
  if (!found) return void (await store.commit([drop]));
  if (!found.value.closing) {
    const value: ObservedRecord = { closing: true };
    await store.commit([{ kind: "put-record", collection: "observed", id, value, expectedVersion: found.version }]);
    return;
  }
  await store.commit([
    drop,
    { kind: "delete-record", collection: "observed", id, expectedVersion: found.version },
    ...(isSetPath(path) ? [{ kind: "delete-stream", path, ifMissing: "skip" } as const] : []),
  ]);
}
