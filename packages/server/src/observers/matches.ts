import {
  ENTITY_EVENTS,
  isMember,
  isTold,
  MEMBERS,
  memberOperation,
  runRow,
  type ChangeCondition,
  type PlacedEvent,
  type RunRow,
  type SetSource,
} from "@skein/protocol";
import { agentPrincipal } from "../entities/events.ts";
import type { ObserverRecord } from "../records/collections.ts";
import { MEMBER, MEMBER_RUN, memberRow, memberRunRow } from "./members.ts";

/** What an observer is to be told of events in its source's log. Pure. */
export type Matched =
  | { readonly kind: "changes"; readonly events: readonly PlacedEvent[] }
  | { readonly kind: "runs"; readonly runs: readonly MatchedRun[] };

/** A run that has ended, and whose it is. */
export interface MatchedRun {
  readonly url: string;
  readonly row: RunRow;
  /** Of its entity's stream: the run's text lies in front of it. Absent: somewhere in front of the end. */
  readonly position?: number;
}

export function matchesOf(observer: ObserverRecord, events: readonly PlacedEvent[]): Matched {
  const { source, wake } = observer;
  if (wake?.on === "runFinished") {
    const runs =
      source.kind === "entities"
        ? events.flatMap((placed) => memberRun(source, placed))
        : source.kind === "entity"
          ? events.flatMap((placed) => ownRun(source.url, placed))
          : [];
    return { kind: "runs", runs };
  }
  if (!wake) return { kind: "changes", events: [] };
  const own = agentPrincipal(observer.subscriber);
  const seen = source.kind === "entities" ? events.flatMap((placed) => memberChange(source, placed)) : events;
  const condition: ChangeCondition = wake;
  return {
    kind: "changes",
    events: seen.filter(({ event }) => isTold(event, { condition, source: source.kind, own })),
  };
}

export function isEmpty(matched: Matched): boolean {
  return matched.kind === "changes" ? matched.events.length === 0 : matched.runs.length === 0;
}

function ownRun(url: string, { position, event }: PlacedEvent): MatchedRun[] {
  if (event.type !== ENTITY_EVENTS.run || event.headers.operation === "delete") return [];
  const row = runRow.safeParse(event.value);
  return row.success && row.data.status !== "started" ? [{ url, row: row.data, position }] : [];
}

function memberRun(set: SetSource, { event }: PlacedEvent): MatchedRun[] {
  if (event.type !== MEMBER_RUN) return [];
  const told = memberRunRow.safeParse(event.value);
  const row = told.success ? runRow.safeParse(told.data.run) : undefined;
  return told.success && row?.success && isMember(set, told.data.member) ? [{ url: told.data.url, row: row.data }] : [];
}

/** An entity's change, as the set sees it. */
function memberChange(set: SetSource, { position, event }: PlacedEvent): PlacedEvent[] {
  const row = event.type === MEMBER ? memberRow.safeParse(event.value) : undefined;
  const operation = row?.success ? memberOperation(set, row.data.before, row.data.after) : undefined;
  if (operation === undefined) return [];
  return [{ position, event: { ...event, type: MEMBERS, headers: { ...event.headers, operation } } }];
}
