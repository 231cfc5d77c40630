import {
  ENTITY_EVENTS,
  nextTick,
  OBSERVE_KEY,
  observeRow,
  parseOffset,
  SkeinError,
  type ChangeEvent,
  type ObserveRow,
} from "@skein/protocol";
import type { StreamInfo } from "@skein/store";
import { canonicalJson } from "../entities/canonical-json.ts";
import { pairId, type ObserverRecord } from "../records/collections.ts";
import type { Draft } from "../records/draft.ts";
import type { RecordKey } from "../records/snapshot.ts";
import { isSetPath, pathOf } from "./paths.ts";

/** An entity's declarations are read again by each of its wakes: there are not to be too many. */
export const MAX_OBSERVATIONS = 500;

/** Declarations among events of an entity's own stream. */
export function observationsIn(events: readonly ChangeEvent[]): ChangeEvent[] {
  return events.filter(({ type, key }) => type === ENTITY_EVENTS.manifest && key.startsWith(OBSERVE_KEY));
}

export function observationKeys(url: string, events: readonly ChangeEvent[]): RecordKey[] {
  return observationsIn(events).flatMap((event): RecordKey[] => {
    const path = pathOfEvent(event);
    const record: RecordKey = ["observers", pairId(url, event.key)];
    return path === undefined ? [record] : [record, ["observed", path]];
  });
}

/** The stream of the source that a declaration names. */
export function pathOfEvent(event: ChangeEvent): string | undefined {
  const row = event.headers.operation === "delete" ? undefined : observeRow.safeParse(event.value).data;
  return row?.wake === undefined ? undefined : pathOf(row.source);
}

export interface DeclareSituation {
  /** Sources' streams as they are. */
  readonly streams: ReadonlyMap<string, StreamInfo | undefined>;
  /** How many observations the entity has before this commit. */
  readonly observations: number;
  readonly now: number;
}

/** Turns declarations into observers, in the same commit; `undefined` when all are understood. */
export function planObservations(
  draft: Draft,
  url: string,
  events: readonly ChangeEvent[],
  situation: DeclareSituation,
): SkeinError | undefined {
  let count = situation.observations;
  for (const event of observationsIn(events)) {
    const id = pairId(url, event.key);
    const before = draft.read("observers", id);
    if (event.headers.operation === "delete") {
      if (before) draft.remove("observers", id);
      continue;
    }
    const parsed = observeRow.safeParse(event.value);
    if (!parsed.success || parsed.data.key !== event.key) {
      const why = parsed.error?.issues.map(({ path, message }) => `${path.join(".")} ${message}`).join("; ");
      return new SkeinError("invalid_request", `The observation ${event.key} is not understood: ${why ?? "its key"}.`);
    }
    const wrong = planObservation(draft, url, parsed.data, situation);
    if (wrong) return wrong;
    if (!before) count += 1;
  }
  if (count <= MAX_OBSERVATIONS || count === situation.observations) return undefined;
  return new SkeinError("too_large", `An entity observes at most ${MAX_OBSERVATIONS} sources; this would be ${count}.`);
}

function planObservation(
  draft: Draft,
  url: string,
  row: ObserveRow,
  { streams, now }: DeclareSituation,
): SkeinError | undefined {
  const id = pairId(url, row.key);
  const before = draft.read("observers", id);
  const wanted = observerOf(url, row, now);
  if (!wanted) {
    if (before) draft.remove("observers", id);
    return undefined;
  }
  const sameSource = before !== undefined && canonicalJson(before.source) === canonicalJson(wanted.source);
  const sameWake = canonicalJson(before?.wake ?? null) === canonicalJson(wanted.wake ?? null);
  if (sameSource && sameWake) return undefined;
  const { path } = wanted;
  if (path === undefined) {
    draft.write("observers", id, withDue(wanted));
    return undefined;
  }
  const head = streams.get(path)?.head ?? 0;
  const from = row.from === undefined ? head : parseOffset(row.from);
  if (from === undefined) return new SkeinError("invalid_request", `\`from\` of ${row.key} is not an offset.`);
  draft.write("observers", id, withDue({ ...wanted, cursor: sameSource ? before.cursor : Math.min(from, head) }));
  attend(draft, path);
  return undefined;
}

/** The stream is observed from now on: every append that comes behind this commit leaves news. */
function attend(draft: Draft, path: string): void {
  const observed = draft.read("observed", path);
  if (!observed || observed.closing) draft.write("observed", path, {});
  else draft.check("observed", path);
  if (isSetPath(path)) draft.createStream(path, { ifExists: "keep" });
  // What came in between the handler's look and this commit is looked at now.
  draft.put("news", path, { fresh: true });
}

/** `undefined`: it is declared, and wakes nobody. */
function observerOf(url: string, { key, source, wake }: ObserveRow, now: number): ObserverRecord | undefined {
  const head = { subscriber: url, key, source, cursor: 0 };
  if (source.kind === "cron") {
    const tickAt = nextTick(source.schedule, now);
    return { ...head, ...(tickAt !== undefined && { tickAt }) };
  }
  if (source.kind === "timer") return { ...head, tickAt: source.at ?? now + (source.afterMs ?? 0) };
  const path = pathOf(source);
  if (!wake || path === undefined) return undefined;
  return { ...head, path, wake, ...(wake.timeoutMs !== undefined && { timeoutAt: now + wake.timeoutMs }) };
}

/** With the time at which somebody has to look. */
export function withDue(before: ObserverRecord): ObserverRecord {
  const { dueAt: _, ...observer } = before;
  const times = [observer.debounceUntil, observer.timeoutAt, observer.tickAt].filter((at) => at !== undefined);
  return times.length === 0 ? observer : { ...observer, dueAt: Math.min(...times) };
}
