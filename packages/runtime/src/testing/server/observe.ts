import type { ChangeEvent, ObserveRow, ObserveSource, RunRow, WakeCondition, WakeRow } from "@skein/protocol";
import {
  ENTITY_EVENTS,
  formatOffset,
  isMember,
  isTold,
  mainStream,
  memberOperation,
  MEMBERS,
  mergeChanges,
  nextTick,
  OBSERVE_KEY,
  observeRow,
  parseOffset,
  runRow,
  sharedStateStream,
  SkeinError,
  sourceText,
  ticksUntil,
} from "@skein/protocol";
import { addWake, responseOf, wakeOfRun } from "./runs.ts";
import type { FakeEntity, FakeState, Observation } from "./state.ts";
import { agentPrincipal, eventOf, makeStream } from "./state.ts";
import { canonical } from "./types.ts";

const MAX_OBSERVATIONS = 500;

/** Observations that a commit declares; throws when a row is none, or there would be too many. */
export function judgeObservations(entity: FakeEntity, events: readonly ChangeEvent[]): void {
  const keys = new Set(entity.observations.keys());
  for (const event of events) {
    if (!isObservation(event)) continue;
    if (event.headers.operation === "delete") keys.delete(event.key);
    else {
      const row = observeRow.safeParse(event.value);
      const from = row.data?.from;
      const placed = from === undefined || parseOffset(from) !== undefined;
      if (!row.success || row.data.key !== event.key || !placed) {
        throw new SkeinError(
          "invalid_request",
          `${event.key} is not an observation: ${row.error?.message ?? "its key"}`,
        );
      }
      keys.add(event.key);
    }
  }
  if (keys.size > MAX_OBSERVATIONS) throw new SkeinError("too_large", `At most ${MAX_OBSERVATIONS} observations.`);
}

function isObservation({ type, key }: ChangeEvent): boolean {
  return type === ENTITY_EVENTS.manifest && key.startsWith(OBSERVE_KEY);
}

/** The same source again keeps what it has come to; another one begins anew. */
export function declareObservation(state: FakeState, entity: FakeEntity, event: ChangeEvent): void {
  if (!isObservation(event)) return;
  if (event.headers.operation === "delete") return void entity.observations.delete(event.key);
  const row = observeRow.parse(event.value);
  const before = entity.observations.get(event.key);
  if (before && canonical(before.row.source) === canonical(row.source)) {
    const same = canonical(before.row.wake) === canonical(row.wake);
    before.row = row;
    // What was not told is judged by the new condition.
    if (!same) Object.assign(before, { looked: before.from, pending: [], silentAt: silenceOf(row, state.clock.now()) });
    return;
  }
  const from = row.from === undefined ? undefined : parseOffset(row.from);
  const looked = from ?? lengthOf(state, row.source);
  entity.observations.set(event.key, {
    row,
    looked,
    from: looked,
    pending: [],
    since: 0,
    dueAt: dueOf(row.source, state.clock.now()),
    silentAt: silenceOf(row, state.clock.now()),
  });
}

function silenceOf({ wake }: ObserveRow, now: number): number | undefined {
  return wake?.timeoutMs === undefined ? undefined : now + wake.timeoutMs;
}

function dueOf(source: ObserveSource, now: number): number | undefined {
  if (source.kind === "timer") return source.at ?? now + (source.afterMs ?? 0);
  return source.kind === "cron" ? nextTick(source.schedule, now) : undefined;
}

function lengthOf(state: FakeState, source: ObserveSource): number {
  switch (source.kind) {
    case "entity":
      return state.streams.get(mainStream(source.url))?.events.length ?? 0;
    case "db":
      return state.streams.get(sharedStateStream(source.id))?.events.length ?? 0;
    case "entities":
      return state.facts.length;
    case "cron":
    case "timer":
      return 0;
  }
}

/** Tells what there is to tell now; answers whether anything was told. */
export function tellObservers(state: FakeState): boolean {
  let told = false;
  for (const entity of state.entities.values()) {
    if (entity.wake === undefined) continue;
    for (const observation of entity.observations.values()) told = tell(state, entity, observation) || told;
  }
  return told;
}

/** When an observation of somebody tells something by the clock. */
export function observationTimes({ observations }: FakeEntity): number[] {
  return [...observations.values()].flatMap(({ row, dueAt, silentAt, pending, since }) => [
    ...(dueAt === undefined ? [] : [dueAt]),
    ...(silentAt === undefined || pending.length > 0 ? [] : [silentAt]),
    ...(pending.length > 0 && row.wake?.on === "change" ? [since + row.wake.debounceMs] : []),
  ]);
}

function tell(state: FakeState, entity: FakeEntity, observation: Observation): boolean {
  const { source, wake } = observation.row;
  const now = state.clock.now();
  if (source.kind === "timer" || source.kind === "cron") return tellTime(state, entity, observation, now);
  if (wake === undefined) return false;
  const before = observation.looked;
  const told =
    wake.on === "runFinished"
      ? tellRuns(state, entity, observation, wake)
      : tellChanges(state, entity, observation, { wake, before });
  if (told) observation.silentAt = silenceOf(observation.row, now);
  else if (observation.silentAt !== undefined && observation.silentAt <= now && observation.pending.length === 0) {
    observation.silentAt = undefined;
    const reason = { reason: "timeout", timeoutMs: wake.timeoutMs ?? 0 } as const;
    addWake(state, entity, { ...headOf(observation, `timeout:${now}`), ...reason });
    return true;
  }
  return told;
}

function headOf({ row }: Observation, what: string): { key: string; source: string; observe: string } {
  return { key: `${row.key}:${what}`, source: sourceText(row.source), observe: row.key };
}

function tellTime(state: FakeState, entity: FakeEntity, observation: Observation, now: number): boolean {
  const { row, dueAt } = observation;
  if (dueAt === undefined || dueAt > now) return false;
  if (row.source.kind === "cron") {
    const { count, last, next } = ticksUntil(row.source.schedule, dueAt, now);
    observation.dueAt = next;
    addWake(state, entity, { ...headOf(observation, `${last}`), reason: "cron", at: last, ticks: count });
    return true;
  }
  entity.observations.delete(row.key);
  const { url } = entity.entity;
  const stamp = { principal: agentPrincipal(url), now };
  makeStream(state, mainStream(url)).append([
    eventOf(ENTITY_EVENTS.manifest, { key: row.key, operation: "delete" }, stamp),
  ]);
  addWake(state, entity, { ...headOf(observation, `${dueAt}`), reason: "timer", at: dueAt });
  return true;
}

function tellChanges(
  state: FakeState,
  entity: FakeEntity,
  observation: Observation,
  { wake, before }: { readonly wake: Extract<WakeCondition, { on: "change" }>; readonly before: number },
): boolean {
  const now = state.clock.now();
  const { source } = observation.row;
  const own = agentPrincipal(entity.entity.url);
  const fresh = logOf(state, source, before).filter(({ event }) =>
    isTold(event, { condition: wake, source: source.kind, own }),
  );
  observation.looked = Math.max(before, lengthOf(state, source));
  if (fresh.length > 0 && observation.pending.length === 0) observation.since = now;
  observation.pending.push(...fresh);
  if (observation.pending.length === 0) return false;
  if (observation.since + wake.debounceMs > now) return false;
  const range = { from: formatOffset(observation.from), to: formatOffset(observation.looked) };
  const head = headOf(observation, `${observation.looked}`);
  addWake(state, entity, { ...head, reason: "change", ...range, ...mergeChanges(observation.pending) });
  observation.pending = [];
  observation.from = observation.looked;
  return true;
}

/** The events of a source from a position on; of a set, what happened to its members. */
function logOf(state: FakeState, source: ObserveSource, from: number): { position: number; event: ChangeEvent }[] {
  if (source.kind === "entities") {
    return state.facts.slice(from).flatMap(({ url, before, after, run, by }, index) => {
      const operation = run === undefined ? memberOperation(source, before, after) : undefined;
      if (operation === undefined) return [];
      const event = { type: MEMBERS, key: url, headers: { operation, principal: by } };
      return [{ position: from + index, event }];
    });
  }
  const path =
    source.kind === "entity" ? mainStream(source.url) : source.kind === "db" ? sharedStateStream(source.id) : "";
  const events = state.streams.get(path)?.events.slice(from) ?? [];
  return events.map((event, index) => ({ position: from + index, event }));
}

function tellRuns(
  state: FakeState,
  entity: FakeEntity,
  observation: Observation,
  wake: Extract<WakeCondition, { on: "runFinished" }>,
): boolean {
  const { source } = observation.row;
  const rows = endedRuns(state, source, observation.looked).map(({ url, run }): WakeRow => {
    const response = wake.includeResponse ? responseOf(state, url, run.key) : undefined;
    const text = sourceText(source);
    return {
      ...wakeOfRun(url, run, response),
      source: text,
      observe: observation.row.key,
      ...(text !== url && { member: url }),
    };
  });
  observation.looked = lengthOf(state, source);
  return rows.map((row) => addWake(state, entity, row)).includes(true);
}

function endedRuns(state: FakeState, source: ObserveSource, from: number): { url: string; run: RunRow }[] {
  if (source.kind === "entities") {
    return state.facts
      .slice(from)
      .flatMap(({ url, after, run }) => (run !== undefined && isMember(source, after) ? [{ url, run }] : []));
  }
  return logOf(state, source, from).flatMap(({ event }) => {
    const row = event.type === ENTITY_EVENTS.run ? runRow.safeParse(event.value) : undefined;
    const ended = row?.success === true && row.data.status !== "started";
    return ended && source.kind === "entity" ? [{ url: source.url, run: row.data }] : [];
  });
}
