import {
  ENTITY_EVENTS,
  mainStream,
  runRow,
  type ChangeEvent,
  type RunRow,
  type WakeRow,
  type WakeRun,
} from "@skein/protocol";
import { agentPrincipal, changeEventOf, type Stamp } from "../entities/events.ts";
import { tellSetsOfRuns } from "../observers/members.ts";
import { pairId, type SubscriptionRecord } from "../records/collections.ts";
import type { Draft } from "../records/draft.ts";
import { markReady } from "./rules.ts";

/** A response is handed on whole up to here; the child's own stream has all of it. */
export const MAX_RESPONSE = 256 * 1024;

export interface EndedRun {
  readonly row: RunRow;
  readonly response: string;
}

/** What a commit's events say about runs: those that begin and go on, and those that end. */
export function runsOf(events: readonly ChangeEvent[]): {
  readonly open: readonly RunRow[];
  readonly ended: readonly RunRow[];
} {
  const rows = new Map<string, RunRow>();
  for (const event of events) {
    if (event.type !== ENTITY_EVENTS.run || event.headers.operation === "delete") continue;
    const row = runRow.safeParse(event.value);
    if (row.success) rows.set(event.key, row.data);
  }
  const all = [...rows.values()];
  return {
    open: all.filter(({ status }) => status === "started"),
    ended: all.filter(({ status }) => status !== "started"),
  };
}

/** The text that events add to a run's response, in the order of the log. */
export function responseOf(runKey: string, events: readonly ChangeEvent[]): string {
  let text = "";
  for (const { type, key, value } of events) {
    if (type !== ENTITY_EVENTS.runText || !key.startsWith(`${runKey}:`)) continue;
    if (typeof value === "object" && value !== null && "text" in value && typeof value.text === "string")
      text += value.text;
  }
  return text;
}

/**
 * Tells those who asked at the spawn that runs of `source` have ended: a `wake` event in their stream, and they become
 * ready. Sets are told, too; whoever observes the entity itself reads its stream.
 */
export function notifyEnded(
  draft: Draft,
  source: string,
  told: { readonly runs: readonly EndedRun[]; readonly subscriptions: readonly SubscriptionRecord[] },
  now: number,
): void {
  const stamp: Stamp = { principal: agentPrincipal(source), now };
  const entityOfRuns = draft.read("entities", source);
  if (entityOfRuns)
    tellSetsOfRuns(
      draft,
      entityOfRuns,
      told.runs.map(({ row }) => row),
      stamp,
    );
  for (const { subscriber, includeResponse } of told.subscriptions) {
    const entity = draft.read("entities", subscriber);
    if (!entity || entity.status === "killed" || told.runs.length === 0) continue;
    const events = told.runs.map((run) => {
      const row = wakeRowOf(source, run, includeResponse);
      return changeEventOf(ENTITY_EVENTS.wake, row.key, "insert", row, stamp);
    });
    draft.append(mainStream(subscriber), events);
    markReady(draft, subscriber, now);
  }
}

function wakeRowOf(source: string, { row, response }: EndedRun, includeResponse: boolean): WakeRow {
  return {
    key: `run:${source}:${row.key}`,
    source,
    reason: "runFinished",
    ...wakeRunOf(row, includeResponse ? response : undefined),
  };
}

/** How a run ended, for a wake, with what it said if that was asked for. */
export function wakeRunOf(row: RunRow, response: string | undefined): { run: WakeRun; truncated?: true } {
  const cut = response !== undefined && response.length > MAX_RESPONSE;
  return {
    run: {
      key: row.key,
      status: row.status === "failed" ? "failed" : "completed",
      ...(response !== undefined && { response: cut ? response.slice(0, MAX_RESPONSE) : response }),
      ...(row.error !== undefined && { error: row.error }),
    },
    ...(cut && { truncated: true }),
  };
}

/** Ends runs whose handler is gone, so that none stays `started` for ever. */
export function failRuns(draft: Draft, source: string, open: readonly RunRow[], why: string, stamp: Stamp): RunRow[] {
  return open.map((run) => {
    const row: RunRow = { ...run, status: "failed", finishReason: "lost", error: why, endedAt: stamp.now };
    draft.append(mainStream(source), [changeEventOf(ENTITY_EVENTS.run, run.key, "update", row, stamp)]);
    draft.remove("runs", pairId(source, run.key));
    return row;
  });
}
