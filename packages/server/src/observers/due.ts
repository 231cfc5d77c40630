import { sourceText, ticksUntil, type CronSchedule, type MissedTicks, type WakeRow } from "@skein/protocol";
import type { ServerContext } from "../context.ts";
import { allDone } from "../records/all-done.ts";
import type { ObserverRecord } from "../records/collections.ts";
import { readSlice } from "../wakes/read-events.ts";
import { withDue } from "./declare.ts";
import { createResponses, MAX_EVENTS, tellMatched } from "./fan-out.ts";
import { isEmpty, matchesOf } from "./matches.ts";
import { tell } from "./tell.ts";

/** What observers are told because a time has come: ticks of schedules, gathered changes, silences. */
const PAGE = 200;

/** Answers whether anything was due. */
export async function lookAtDueObservers(context: ServerContext): Promise<boolean> {
  const { store } = context;
  const query = { collection: "observers", index: "due", below: store.now() + 1, limit: PAGE };
  const { records } = await store.queryRecords<ObserverRecord>(query);
  const ticks = createTicks(store.now());
  await allDone(records.map(({ value }) => fire(context, value, ticks)));
  return records.length > 0;
}

export async function nextDueObserver({ store }: ServerContext): Promise<number | undefined> {
  const { records } = await store.queryRecords<ObserverRecord>({ collection: "observers", index: "due", limit: 1 });
  return records[0]?.value.dueAt;
}

type Ticks = (schedule: CronSchedule, due: number) => MissedTicks;

/** Schedules are much alike: what is due of one is computed once for all who have it. */
function createTicks(now: number): Ticks {
  const known = new Map<string, MissedTicks>();
  return (schedule, due) => {
    const key = `${schedule.expression} ${schedule.timeZone} ${due}`;
    const found = known.get(key) ?? ticksUntil(schedule, due, now);
    known.set(key, found);
    return found;
  };
}

async function fire(context: ServerContext, observer: ObserverRecord, ticks: Ticks): Promise<void> {
  const now = context.store.now();
  const { source, tickAt, debounceUntil, timeoutAt } = observer;
  if (source.kind === "timer" && tickAt !== undefined) {
    const row: WakeRow = { ...headOf(context, observer), reason: "timer", at: tickAt };
    await tell(context, observer, { rows: [row], after: undefined });
  } else if (source.kind === "cron" && tickAt !== undefined) {
    const { count, last, next } = ticks(source.schedule, tickAt);
    const row: WakeRow = { ...headOf(context, observer), reason: "cron", at: last, ticks: count };
    const { tickAt: _, ...rest } = observer;
    await tell(context, observer, {
      rows: [row],
      after: withDue({ ...rest, ...(next !== undefined && { tickAt: next }) }),
    });
  } else if (debounceUntil !== undefined && debounceUntil <= now) await tellGathered(context, observer);
  else if (timeoutAt !== undefined && timeoutAt <= now) await tellSilence(context, observer);
}

/** The changes that were gathered, from the first that was not told until now. */
async function tellGathered(context: ServerContext, observer: ObserverRecord): Promise<void> {
  const { store } = context;
  const { path, cursor } = observer;
  if (path === undefined) return;
  const head = (await store.getStream(path))?.head ?? 0;
  const to = Math.min(head, cursor + MAX_EVENTS);
  const matched = matchesOf(observer, await readSlice(store, path, { from: cursor, to }));
  await tellMatched(context, observer, matched, { to, said: createResponses(context) });
  if (to === head) return;
  await store.commit([{ kind: "put-record", collection: "news", id: path, value: { fresh: true } }]);
}

/** Nothing was told for as long as the observer wanted to wait. What has just matched is told instead. */
async function tellSilence(context: ServerContext, observer: ObserverRecord): Promise<void> {
  const { store } = context;
  const { path = "", cursor, wake } = observer;
  const head = (await store.getStream(path))?.head ?? 0;
  const news = await readSlice(store, path, { from: cursor, to: Math.min(head, cursor + MAX_EVENTS) });
  if (!isEmpty(matchesOf(observer, news))) return;
  const { timeoutAt: _, ...rest } = observer;
  const timeoutMs = wake?.timeoutMs ?? 0;
  const row: WakeRow = { ...headOf(context, observer), reason: "timeout", timeoutMs };
  await tell(context, observer, { rows: [row], after: withDue(rest) });
}

/** Each wake is a row of its own. */
function headOf({ rules }: ServerContext, { key, source }: ObserverRecord) {
  return { key: `${source.kind}:${rules.id()}`, source: sourceText(source), observe: key };
}
