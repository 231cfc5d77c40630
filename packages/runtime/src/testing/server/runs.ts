import type { ChangeEvent, RunRow, WakeRow } from "@skein/protocol";
import { ENTITY_EVENTS, mainStream, runRow } from "@skein/protocol";
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

/** A `wake` event in the stream of everybody who asked. */
function notifyEnded(state: FakeState, source: FakeEntity, runs: readonly RunRow[], said?: string): void {
  const { url } = source.entity;
  const stamp = { principal: agentPrincipal(url), now: state.clock.now() };
  for (const { subscriber, includeResponse } of [...state.subscriptions.values()].filter((one) => one.source === url)) {
    const target = state.entities.get(subscriber);
    if (runs.length === 0 || !target || !isLiving(target)) continue;
    const rows = runs.map((run) =>
      wakeRow(url, run, includeResponse ? (said ?? responseOf(state, url, run.key)) : undefined),
    );
    makeStream(state, mainStream(subscriber)).append(
      rows.map((value) => eventOf(ENTITY_EVENTS.wake, { key: value.key, operation: "insert", value }, stamp)),
    );
    markReady(state, target);
  }
}

function wakeRow(source: string, row: RunRow, response: string | undefined): WakeRow {
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

function responseOf(state: FakeState, url: string, run: string): string {
  return makeStream(state, mainStream(url))
    .events.filter(({ type, key }) => type === ENTITY_EVENTS.runText && key.startsWith(`${run}:`))
    .map(({ value }) =>
      typeof value === "object" && value !== null && "text" in value && typeof value.text === "string"
        ? value.text
        : "",
    )
    .join("");
}
