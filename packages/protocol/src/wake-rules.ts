import type { ChangeEvent, ChangeOperation } from "./change-event.ts";
import { ENTITY_EVENTS } from "./entities.ts";
import { formatOffset } from "./offsets.ts";
import { sharedStateStream } from "./paths.ts";
import { MAX_WAKE_CHANGES, type ObserveSource, type WakeChange, type WakeCondition } from "./wakes.ts";

/** The decisions behind wakes, pure: the server and the runtime's test server take the same ones. */

/** Types of events of an entity that are told only to observers who name them. */
export const UNTOLD: ReadonlySet<string> = new Set([
  ENTITY_EVENTS.inbox,
  ENTITY_EVENTS.delayed,
  ENTITY_EVENTS.wake,
  ENTITY_EVENTS.signal,
  ENTITY_EVENTS.manifest,
  ENTITY_EVENTS.runText,
]);

/** The collection of the rows of a set's wakes. */
export const MEMBERS = "members";

export type ChangeCondition = Extract<WakeCondition, { on: "change" }>;

/** Whether an observer with this condition is told of an event. `own`: principal of the observer itself. */
export function isTold(
  event: ChangeEvent,
  { condition, source, own }: { condition: ChangeCondition; source: ObserveSource["kind"]; own: string },
): boolean {
  if (!condition.includeOwn && event.headers.principal === own) return false;
  const { collections, operations } = condition;
  if (collections ? !collections.includes(event.type) : source === "entity" && UNTOLD.has(event.type)) return false;
  return operations === undefined || operations.some((operation) => isA(event.headers.operation, operation));
}

function isA(operation: ChangeOperation, wanted: ChangeOperation): boolean {
  return operation === wanted || (operation === "upsert" && wanted !== "delete");
}

/** An event with its position in the log. */
export interface PlacedEvent {
  readonly position: number;
  readonly event: ChangeEvent;
}

/** One entry for each row, in the order in which the rows changed first; bounded. */
export function mergeChanges(events: readonly PlacedEvent[]): { changes: WakeChange[]; more: number } {
  const rows = new Map<string, WakeChange>();
  for (const { position, event } of events) {
    const id = `${event.type} ${event.key}`;
    const before = rows.get(id)?.operation;
    const operation = before === undefined ? event.headers.operation : combined(before, event.headers.operation);
    rows.set(id, { collection: event.type, key: event.key, operation, offset: formatOffset(position) });
  }
  const changes = [...rows.values()];
  return { changes: changes.slice(0, MAX_WAKE_CHANGES), more: Math.max(0, changes.length - MAX_WAKE_CHANGES) };
}

/** What two changes of one row come to, for somebody who knows what was before both. */
function combined(first: ChangeOperation, second: ChangeOperation): ChangeOperation {
  if (second === "delete") return "delete";
  if (first === "insert" || first === "upsert") return first;
  // It was there before: gone and made again is changed.
  return "update";
}

export type SetSource = Extract<ObserveSource, { kind: "entities" }>;

export interface MemberFacts {
  readonly type: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly parent?: string | undefined;
  readonly status: string;
}

/** Whether an entity belongs to a set. What was killed does not. */
export function isMember(set: SetSource, entity: MemberFacts | undefined): boolean {
  if (!entity || entity.status === "killed") return false;
  if (set.type !== undefined && entity.type !== set.type) return false;
  if (set.parent !== undefined && entity.parent !== set.parent) return false;
  return Object.entries(set.tags ?? {}).every(([name, value]) => entity.tags[name] === value);
}

/** What a change of an entity is for a set; `undefined` when it is none. */
export function memberOperation(
  set: SetSource,
  before: MemberFacts | undefined,
  after: MemberFacts | undefined,
): "insert" | "update" | "delete" | undefined {
  const was = isMember(set, before);
  const is = isMember(set, after);
  if (was && is) return "update";
  if (is) return "insert";
  return was ? "delete" : undefined;
}

/** What a wake's `source` says. */
export function sourceText(source: ObserveSource): string {
  switch (source.kind) {
    case "entity":
      return source.url;
    case "db":
      return sharedStateStream(source.id);
    case "entities": {
      const parts = [
        ...(source.type === undefined ? [] : [`type=${source.type}`]),
        ...(source.parent === undefined ? [] : [`parent=${source.parent}`]),
        ...Object.entries(source.tags ?? {})
          .sort(([a], [b]) => (a < b ? -1 : 1))
          .map(([name, value]) => `tag=${name}=${value}`),
      ];
      return `entities?${parts.join("&")}`;
    }
    case "cron":
    case "timer":
      return source.kind;
  }
}
