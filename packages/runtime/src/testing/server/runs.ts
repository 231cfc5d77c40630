import type { ChangeEvent, RunRow, WakeRow } from "@skein/protocol";
import { ENTITY_EVENTS, mainStream, runRow, wakeRow } from "@skein/protocol";
import { markReady } from "./wake.ts";
import type { FakeEntity, FakeState } from "./state.ts";
import { agentPrincipal, eventOf, isLiving, makeStream } from "./state.ts";

/** A response is handed on whole up to here. */
const MAX_RESPONSE = 256 * 1024;

/** After a commit's events are in the log: remembers runs that begin, and tells of those that end. */
export function settleRuns(state: FakeState, entity: FakeEntity, events: readonly ChangeEvent[]): void {
  const rows = new Map<string, RunRow>();
  for (const { type, key, value } of events) if (type === ENTITY_EVENTS.run) rows.set(key, runRow.parse(value));
  const ended: RunRow[] = [];
  for (const row of rows.values()) {
    if (row.status === "started") entity.openRuns.set(row.key, row);
    else {
      entity.openRuns.delete(row.key);
      ended.push(row);
    }
  }
  notifyEnded(state, entity, ended);
}

/** Ends runs whose handler is gone, so that none stays `started` for ever. */
export function failRuns(state: FakeState, entity: FakeEntity, why: string): void {
  const now = state.clock.now();
  const { url } = entity.entity;
  const lost = [...entity.openRuns.values()].map((run): RunRow => ({
    ...run,
    status: "failed",
    finishReason: "lost",
    error: why,
    endedAt: now,
  }));
  entity.openRuns.clear();
  const stamp = { principal: agentPrincipal(url), now };
  makeStream(state, mainStream(url)).append(
    lost.map((value) => eventOf(ENTITY_EVENTS.run, { key: value.key, operation: "update", value }, stamp)),
  );
  notifyEnded(state, entity, lost, "");
}

/** A `wake` event in the stream of everybody who asked, and word for those who observe sets. */
function notifyEnded(state: FakeState, source: FakeEntity, runs: readonly RunRow[], said?: string): void {
  const { url, type, tags, parent, status } = source.entity;
  for (const run of runs) {
    state.facts.push({ url, run, after: { type, tags, parent, status }, by: agentPrincipal(url) });
    for (const { source: of, subscriber, includeResponse } of state.subscriptions.values()) {
      const target = state.entities.get(subscriber);
      if (of !== url || !target || !isLiving(target)) continue;
      const response = includeResponse ? (said ?? responseOf(state, url, run.key)) : undefined;
      addWake(state, target, wakeOfRun(url, run, response));
    }
  }
}

/** Puts a wake into an entity's stream; nothing happens when it has been told the same before. */
export function addWake(state: FakeState, target: FakeEntity, row: WakeRow): boolean {
  const main = makeStream(state, mainStream(target.entity.url));
  if (row.reason === "runFinished" && main.events.some((event) => tellsThisRun(event, row))) return false;
  const by = row.reason === "runFinished" && typeof row["member"] === "string" ? row["member"] : row.source;
  const principal = by.startsWith("/") && !by.startsWith("/_") ? agentPrincipal(by) : agentPrincipal(target.entity.url);
  main.append([
    eventOf(
      ENTITY_EVENTS.wake,
      { key: row.key, operation: "insert", value: row },
      { principal, now: state.clock.now() },
    ),
  ]);
  markReady(state, target);
  return true;
}

/** What was asked for at the spawn and is observed, too, is told once. */
function tellsThisRun({ type, value }: ChangeEvent, { key, observe }: WakeRow): boolean {
  if (type !== ENTITY_EVENTS.wake) return false;
  const row = wakeRow.parse(value);
  return row.key === key && (row.observe === undefined || observe === undefined || row.observe === observe);
}

export function wakeOfRun(source: string, row: RunRow, response: string | undefined): WakeRow {
  return {
    key: `run:${source}:${row.key}`,
    source,
    reason: "runFinished",
    run: {
      key: row.key,
      status: row.status === "failed" ? "failed" : "completed",
      ...(response !== undefined && { response: response.slice(0, MAX_RESPONSE) }),
      ...(row.error !== undefined && { error: row.error }),
    },
    ...(response !== undefined && response.length > MAX_RESPONSE && { truncated: true }),
  };
}

export function responseOf(state: FakeState, url: string, run: string): string {
  return makeStream(state, mainStream(url))
    .events.filter(({ type, key }) => type === ENTITY_EVENTS.runText && key.startsWith(`${run}:`))
    .map(({ value }) =>
      typeof value === "object" && value !== null && "text" in value && typeof value.text === "string"
        ? value.text
        : "",
    )
    .join("");
}
