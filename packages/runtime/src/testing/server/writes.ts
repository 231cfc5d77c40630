import type { ChangeEvent } from "@skein/protocol";
import {
  ENTITY_EVENTS,
  isResourceId,
  mainStream,
  manifestRow,
  parseSharedStateStream,
  runRow,
  SkeinError,
} from "@skein/protocol";
import type { CommitBody } from "./commit.ts";
import type { FakeEntity, FakeState } from "./state.ts";
import { problemOf } from "./types.ts";

/** Written by the server only: a handler that could write them could forge its senders. */
const SERVER_OWNED: ReadonlySet<string> = new Set([
  ENTITY_EVENTS.created,
  ENTITY_EVENTS.ended,
  ENTITY_EVENTS.inbox,
  ENTITY_EVENTS.signal,
  ENTITY_EVENTS.wake,
  ENTITY_EVENTS.tag,
]);
const BUILT_IN: ReadonlySet<string> = new Set(Object.values(ENTITY_EVENTS));
const RUN_KEY = /^[A-Za-z0-9._:~-]{1,200}$/;
const SHARED_STATE_KEY = "shared-state:";

/** A part of a shared-state path: the resource that is declared, and what of it is meant. */
export function parseResource(stream: string): { resource: string; part: string; session: boolean } | undefined {
  const id = parseSharedStateStream(stream);
  if (id === undefined) return undefined;
  const segments = id.split("/");
  const session = segments[0] === "coder-session";
  const own = session ? 2 : segments.at(-1) === "live" ? segments.length - 1 : segments.length;
  if (own < 1 || segments.length < own) return undefined;
  const part = segments.slice(own).join("/") || "main";
  const known = session ? /^(?:main|native|live|blobs\/[0-9a-f]{64})$/ : /^(?:main|live)$/;
  return known.test(part) ? { resource: segments.slice(0, own).join("/"), part, session } : undefined;
}

/** Throws why one of the writes is not allowed. A coding session's driver is taken when they all are. */
export function judgeWrites(state: FakeState, entity: FakeEntity, writes: CommitBody["writes"]): void {
  const main = mainStream(entity.entity.url);
  const links = new Set(entity.links);
  for (const { stream, events } of writes) {
    if (stream !== main) continue;
    for (const event of events) {
      checkOwn(state, entity, event);
      const id = event.type === ENTITY_EVENTS.manifest ? declaredId(event) : undefined;
      if (id === undefined) continue;
      if (event.headers.operation === "delete") links.delete(id);
      else links.add(id);
    }
  }
  const driven = writes.flatMap((write) => (write.stream === main ? [] : judgeResource(state, entity, links, write)));
  for (const resource of driven) state.drivers.set(resource, entity.entity.url);
}

function judgeResource(
  state: FakeState,
  { entity: { url } }: FakeEntity,
  links: ReadonlySet<string>,
  { stream, create }: CommitBody["writes"][number],
): string[] {
  const address = parseResource(stream);
  const writable = address && (address.part === "main" || address.part === "native");
  if (!writable || !links.has(address.resource)) {
    throw new SkeinError("forbidden", `${stream} is not a stream that this entity has declared in its manifest.`);
  }
  const there = state.streams.get(stream);
  if (!there && create !== true) throw new SkeinError("not_found", `There is no shared state ${address.resource} yet.`);
  if (there?.closed) throw new SkeinError("stream_closed", `${address.resource} is closed.`);
  if (!address.session) return [];
  const driver = state.drivers.get(address.resource);
  const holder = driver === undefined || driver === url ? undefined : state.entities.get(driver)?.wake;
  if (holder?.state === "claimed" && (holder.claim?.leaseUntil ?? 0) > state.clock.now()) {
    throw new SkeinError("session_in_use", `${driver} is driving this session right now.`, { details: { driver } });
  }
  return [address.resource];
}

function checkOwn(state: FakeState, { entity }: FakeEntity, event: ChangeEvent): void {
  if (SERVER_OWNED.has(event.type)) {
    throw new SkeinError("forbidden", `Events of type ${event.type} are written by the server only.`);
  }
  if (event.type === ENTITY_EVENTS.run && !isRun(event)) {
    throw new SkeinError("invalid_request", `The run ${event.key} is not a run's row under its own key.`);
  }
  const schemas = state.types.get(entity.type)?.stateSchemas;
  if (BUILT_IN.has(event.type) || !schemas) return;
  const schema = Object.hasOwn(schemas, event.type) ? schemas[event.type] : undefined;
  if (!schema) throw new SkeinError("unknown_event_type", `${entity.type} declares no state of type ${event.type}.`);
  const wrong = event.headers.operation === "delete" ? undefined : problemOf(schema, event.value);
  if (wrong) throw new SkeinError("schema_validation_failed", `${event.type} ${event.key} does not fit: ${wrong}.`);
}

function isRun(event: ChangeEvent): boolean {
  const row = runRow.safeParse(event.value);
  return event.headers.operation !== "delete" && row.success && row.data.key === event.key && RUN_KEY.test(event.key);
}

/** The resource that a manifest row names: by its key and by its value, which must agree. */
export function declaredId(event: ChangeEvent): string | undefined {
  if (!event.key.startsWith(SHARED_STATE_KEY)) return undefined;
  const id = event.key.slice(SHARED_STATE_KEY.length);
  if (!isResourceId(id)) return undefined;
  if (event.headers.operation === "delete") return id;
  const row = manifestRow.safeParse(event.value);
  return row.success && row.data.kind === "shared-state" && row.data.id === id ? id : undefined;
}
