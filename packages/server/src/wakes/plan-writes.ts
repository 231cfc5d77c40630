import {
  ENTITY_EVENTS,
  isResourceId,
  mainStream,
  manifestRow,
  runRow,
  SkeinError,
  type ChangeEvent,
} from "@skein/protocol";
import type { StreamInfo } from "@skein/store";
import type { EntityRules } from "../entities/entity.ts";
import { stampEvent, type Stamp } from "../entities/events.ts";
import { observationKeys, planObservations } from "../observers/declare.ts";
import { pairId, type EntityRecord } from "../records/collections.ts";
import { JSON_TYPE, type Draft } from "../records/draft.ts";
import type { RecordKey } from "../records/snapshot.ts";
import { parseResourceStream } from "../resources/address.ts";
import { takeDriver } from "../resources/driver-lease.ts";
import type { CommitBody } from "./plan-commit.ts";

/** Written by the server only: a handler that could write them could forge its senders. */
const SERVER_OWNED: ReadonlySet<string> = new Set([
  ENTITY_EVENTS.created,
  ENTITY_EVENTS.ended,
  ENTITY_EVENTS.inbox,
  ENTITY_EVENTS.delayed,
  ENTITY_EVENTS.signal,
  ENTITY_EVENTS.wake,
  ENTITY_EVENTS.tag,
]);
const BUILT_IN: ReadonlySet<string> = new Set(Object.values(ENTITY_EVENTS));
const SHARED_STATE_KEY = "shared-state:";

export interface WriteOrder {
  readonly entity: EntityRecord;
  readonly writes: CommitBody["writes"];
  readonly streams: ReadonlyMap<string, StreamInfo | undefined>;
  /** How many observations the entity has before. */
  readonly observations: number;
}

/** Records that say whether the writes are allowed, besides those that `driverKeys` names. */
export function writeKeys(url: string, writes: CommitBody["writes"]): RecordKey[] {
  return writes.flatMap(({ stream, events }): RecordKey[] => {
    if (stream === mainStream(url))
      return [...events.flatMap((event) => linkKeys(url, event)), ...observationKeys(url, events)];
    const address = parseResourceStream(stream);
    if (!address) return [];
    const link: RecordKey = ["links", pairId(url, address.resource)];
    return address.session ? [link, ["resources", address.resource]] : [link];
  });
}

function linkKeys(url: string, event: ChangeEvent): RecordKey[] {
  const id = event.type === ENTITY_EVENTS.manifest ? declaredId(event) : undefined;
  return id === undefined ? [] : [["links", pairId(url, id)]];
}

/** Adds the writes, each judged against what the entity has declared; `undefined` when all are allowed. */
export function planWrites(draft: Draft, order: WriteOrder, rules: EntityRules, stamp: Stamp): SkeinError | undefined {
  const main = mainStream(order.entity.url);
  for (const write of order.writes.filter(({ stream }) => stream === main)) {
    const wrong = checkOwnEvents(draft, order.entity, write.events, rules);
    if (wrong) return wrong;
    for (const event of write.events) declare(draft, order.entity.url, event);
    const unclear = planObservations(draft, order.entity.url, write.events, { ...order, now: stamp.now });
    if (unclear) return unclear;
    draft.append(
      main,
      write.events.map((event) => stampEvent(event, stamp)),
    );
  }
  for (const write of order.writes.filter(({ stream }) => stream !== main)) {
    const wrong = planResourceWrite(draft, order, write, stamp);
    if (wrong) return wrong;
  }
  return undefined;
}

function planResourceWrite(
  draft: Draft,
  { entity, streams }: WriteOrder,
  write: CommitBody["writes"][number],
  stamp: Stamp,
): SkeinError | undefined {
  const address = parseResourceStream(write.stream);
  if (!address || address.part === "live" || address.part === "blob") return notAllowed(write.stream);
  if (!draft.read("links", pairId(entity.url, address.resource))) return notAllowed(write.stream);
  const info = streams.get(write.stream);
  if (!info && !write.create) return new SkeinError("not_found", `There is no shared state ${address.resource} yet.`);
  if (info?.deleted) return new SkeinError("stream_gone", `${address.resource} was deleted.`);
  if (info?.closed) return new SkeinError("stream_closed", `${address.resource} is closed.`);
  if (info && info.contentType !== JSON_TYPE)
    return new SkeinError("conflict", `${write.stream} is not a state stream.`);
  if (address.session) {
    const taken = takeDriver(draft, entity.url, address.resource, stamp);
    if (taken) return taken;
  }
  if (write.create && !info) draft.createStream(write.stream, { ifExists: "keep" });
  if (write.events.length > 0)
    draft.append(
      write.stream,
      write.events.map((event) => stampEvent(event, stamp)),
    );
  return undefined;
}

function checkOwnEvents(
  draft: Draft,
  entity: EntityRecord,
  events: readonly ChangeEvent[],
  rules: EntityRules,
): SkeinError | undefined {
  const schemas = draft.read("types", entity.type)?.stateSchemas;
  for (const event of events) {
    if (SERVER_OWNED.has(event.type)) {
      return new SkeinError("forbidden", `Events of type ${event.type} are written by the server only.`);
    }
    if (event.type === ENTITY_EVENTS.run && !isRun(event)) {
      return new SkeinError("invalid_request", `The run ${event.key} is not a run's row under its own key.`);
    }
    if (BUILT_IN.has(event.type) || !schemas) continue;
    const schema = Object.hasOwn(schemas, event.type) ? schemas[event.type] : undefined;
    if (!schema) return new SkeinError("unknown_event_type", `${entity.type} declares no state of type ${event.type}.`);
    const wrong = event.headers.operation === "delete" ? undefined : rules.check(schema, event.value);
    if (wrong !== undefined) {
      return new SkeinError("schema_validation_failed", `${event.type} ${event.key} does not fit: ${wrong}.`);
    }
  }
  return undefined;
}

const RUN_KEY = /^[A-Za-z0-9._:~-]{1,200}$/;

/** The server acts on runs, so their rows must be whole. */
function isRun(event: ChangeEvent): boolean {
  if (event.headers.operation === "delete") return false;
  const row = runRow.safeParse(event.value);
  return row.success && row.data.key === event.key && RUN_KEY.test(event.key);
}

/** A manifest row of a shared state is what allows writing to it, in this commit already. */
function declare(draft: Draft, url: string, event: ChangeEvent): void {
  if (event.type !== ENTITY_EVENTS.manifest) return;
  const id = declaredId(event);
  if (id === undefined) return;
  const link = pairId(url, id);
  if (event.headers.operation === "delete") return draft.read("links", link) ? draft.remove("links", link) : undefined;
  const row = manifestRow.safeParse(event.value);
  if (!row.success || row.data.kind !== "shared-state") return;
  if (draft.read("links", link)?.mode === row.data.mode) return;
  draft.write("links", link, { entity: url, resource: id, mode: row.data.mode });
}

/** The resource that a manifest row names: by its key, and by its value, which must agree. */
function declaredId(event: ChangeEvent): string | undefined {
  if (!event.key.startsWith(SHARED_STATE_KEY)) return undefined;
  const id = event.key.slice(SHARED_STATE_KEY.length);
  if (!isResourceId(id)) return undefined;
  if (event.headers.operation === "delete") return id;
  const row = manifestRow.safeParse(event.value);
  return row.success && row.data.kind === "shared-state" && row.data.id === id ? id : undefined;
}

function notAllowed(stream: string): SkeinError {
  return new SkeinError("forbidden", `${stream} is not a stream that this entity has declared in its manifest.`);
}
