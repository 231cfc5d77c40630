import type { DispatchPolicy, EntityPage, Message, SendResult, SignalName, SpawnRequest, Tags } from "@skein/protocol";
import {
  DIRECTORY_STREAM,
  ENTITY_EVENTS,
  entityRef,
  entityUrl,
  mainStream,
  RESERVED_ENTITY_TYPES,
  SkeinError,
} from "@skein/protocol";
import { announce, noteMember, setStatus, shownEntity } from "./dispatch.ts";
import { addMessage, checkMessage } from "./messages.ts";
import { failRuns } from "./runs.ts";
import type { FakeEntity, FakeState, Stamp } from "./state.ts";
import { eventOf, isLiving, makeStream, requireEntity, requireLiving, tell } from "./state.ts";
import { canonical, problemOf } from "./types.ts";
import { markReady, newWake } from "./wake.ts";

const MAX_TAGS = 200;

export interface SpawnOrder extends Pick<SpawnRequest, "args" | "tags" | "parent" | "initialMessage"> {
  readonly type: string;
  readonly id: string;
  readonly wake?: { readonly subscriber: string; readonly includeResponse: boolean } | undefined;
  readonly dispatch?: DispatchPolicy | undefined;
}

/** The entity that is there already, or nothing when the order can be carried out; throws why it cannot. */
export function judgeSpawn(state: FakeState, order: SpawnOrder): FakeEntity | undefined {
  const url = entityUrl(order.type, order.id);
  if (!entityRef.safeParse(order).success)
    throw new SkeinError("invalid_request", `${url} is not an entity's address.`);
  if (RESERVED_ENTITY_TYPES.has(order.type))
    throw new SkeinError("reserved_name", `${order.type} is not an entity type.`);
  const type = state.types.get(order.type);
  const there = state.entities.get(url);
  if (there) {
    if (isLiving(there) && canonical(there.entity.args) === canonical(order.args ?? {})) return there;
    const why = isLiving(there) ? "with other arguments" : "and was killed";
    throw new SkeinError("entity_exists", `${url} is there already, ${why}. Choose another id.`);
  }
  if (!type) throw new SkeinError("unknown_entity_type", `No runner has registered the entity type ${order.type}.`);
  const wrong = type.creationSchema && problemOf(type.creationSchema, order.args ?? {});
  if (wrong) throw new SkeinError("schema_validation_failed", `The arguments do not fit: ${wrong}.`);
  checkTags(order.tags ?? {});
  if (order.initialMessage) checkMessage(state, order.type, order.initialMessage);
  for (const other of [order.parent, order.wake?.subscriber]) {
    if (other !== undefined && other !== url) requireLiving(state, other);
  }
  return undefined;
}

export function spawn(state: FakeState, order: SpawnOrder, stamp: Stamp): { entity: FakeEntity; created: boolean } {
  const there = judgeSpawn(state, order);
  const url = entityUrl(order.type, order.id);
  if (order.wake) {
    const { subscriber } = order.wake;
    state.subscriptions.set(`${url} ${subscriber}`, { source: url, ...order.wake });
  }
  if (there) return { entity: there, created: false };
  const { now, principal } = stamp;
  const { type, id, args = {}, tags = {}, parent } = order;
  const common = { type, args, ...(parent !== undefined && { parent }), createdBy: principal, createdAt: now };
  const dispatch = order.dispatch ?? state.types.get(type)?.dispatch;
  const made: FakeEntity = {
    entity: structuredClone({
      ...common,
      ...(dispatch && { dispatch }),
      url,
      id,
      status: "idle",
      tags,
      updatedAt: now,
    }),
    wake: newWake(now),
    seq: 0,
    openRuns: new Map(),
    links: new Set(),
    receipts: new Map(),
    observations: new Map(),
    delayed: new Map(),
  };
  state.entities.set(url, made);
  makeStream(state, mainStream(url)).append([
    eventOf(
      ENTITY_EVENTS.created,
      { key: "created", operation: "insert", value: { key: "created", ...common } },
      stamp,
    ),
    ...tagEvents(tags, [], stamp),
  ]);
  if (order.initialMessage) addMessage(state, made, order.initialMessage, stamp);
  announce(state, made, stamp);
  noteMember(state, made, undefined, principal);
  tell(state);
  return { entity: made, created: true };
}

export function send(state: FakeState, to: string, message: Message, stamp: Stamp): SendResult {
  const target = requireEntity(state, to);
  const { idempotencyKey } = message;
  const known = idempotencyKey === undefined ? undefined : target.receipts.get(idempotencyKey);
  if (known) return { ...known, duplicate: true };
  requireLiving(state, to);
  checkMessage(state, target.entity.type, message);
  const answer = addMessage(state, target, message, stamp);
  if (idempotencyKey !== undefined) target.receipts.set(idempotencyKey, answer);
  return { ...answer, duplicate: false };
}

/** A signal is input like any other; `pause` and `stop` hold the entity until `continue`. */
export function signal(
  state: FakeState,
  url: string,
  order: { readonly signal: SignalName; readonly reason?: string | undefined },
  stamp: Stamp,
): FakeEntity {
  if (order.signal === "kill") return kill(state, url, order.reason, stamp);
  const entity = requireLiving(state, url);
  const key = state.newId();
  const { signal: name, reason } = order;
  const value = {
    key,
    signal: name,
    from: stamp.principal,
    ...(reason !== undefined && { reason }),
    receivedAt: stamp.now,
  };
  makeStream(state, mainStream(url)).append([
    eventOf(ENTITY_EVENTS.signal, { key, operation: "insert", value }, stamp),
  ]);
  if (name === "interrupt") markReady(state, entity);
  else if (name === "continue") letGo(state, entity, stamp);
  else hold(state, entity, name === "pause" ? "paused" : "stopped", stamp);
  tell(state);
  return entity;
}

function hold(
  state: FakeState,
  entity: ReturnType<typeof requireLiving>,
  held: "paused" | "stopped",
  stamp: Stamp,
): void {
  const { claimableAt: _, ...rest } = entity.wake;
  entity.wake = { ...rest, held, state: rest.state === "idle" ? "ready" : rest.state };
  if (rest.state !== "claimed") setStatus(state, entity, held, stamp);
}

function letGo(state: FakeState, entity: ReturnType<typeof requireLiving>, stamp: Stamp): void {
  const { held: _, ...rest } = entity.wake;
  const claimableAt = rest.claim?.leaseUntil ?? stamp.now;
  entity.wake = { ...rest, state: rest.state === "idle" ? "ready" : rest.state, claimableAt };
  if (rest.state !== "claimed") setStatus(state, entity, "idle", stamp);
}

/** The end: the stream gets its last event and is closed, and every claim goes with the wake. */
export function kill(state: FakeState, url: string, reason: string | undefined, stamp: Stamp): FakeEntity {
  const entity = requireEntity(state, url);
  if (!isLiving(entity)) return entity;
  failRuns(state, entity, `${url} was killed.`);
  for (const [key, { source, subscriber }] of state.subscriptions) {
    if (source === url || subscriber === url) state.subscriptions.delete(key);
  }
  const value = {
    key: "ended",
    status: "killed",
    ...(reason !== undefined && { reason }),
    from: stamp.principal,
    endedAt: stamp.now,
  };
  const main = makeStream(state, mainStream(url));
  main.append([eventOf(ENTITY_EVENTS.ended, { key: "ended", operation: "insert", value }, stamp)]);
  main.close();
  const before = entity.entity;
  Object.assign(entity, { wake: undefined });
  setStatus(state, entity, "killed", stamp);
  noteMember(state, entity, before, stamp.principal);
  tell(state);
  return entity;
}

export interface TagChange {
  readonly set?: Tags | undefined;
  readonly remove?: readonly string[] | undefined;
}

export function mergedTags(tags: Tags, { set = {}, remove = [] }: TagChange): Tags {
  const all = { ...tags, ...set };
  for (const name of remove) delete all[name];
  return all;
}

export function checkTags(tags: Tags): void {
  const count = Object.keys(tags).length;
  if (count > MAX_TAGS)
    throw new SkeinError("too_large", `An entity has at most ${MAX_TAGS} tags; these would be ${count}.`);
}

export function changeTags(state: FakeState, url: string, change: TagChange, stamp: Stamp): FakeEntity {
  const entity = requireLiving(state, url);
  const { tags } = entity.entity;
  const after = mergedTags(tags, change);
  checkTags(after);
  const set = Object.fromEntries(Object.entries(change.set ?? {}).filter(([name, value]) => tags[name] !== value));
  const removed = (change.remove ?? []).filter((name) => Object.hasOwn(tags, name));
  const events = tagEvents(set, removed, stamp);
  if (events.length === 0) return entity;
  const before = entity.entity;
  entity.entity = { ...before, tags: after, updatedAt: stamp.now };
  makeStream(state, mainStream(url)).append(events);
  announce(state, entity, stamp);
  noteMember(state, entity, before, stamp.principal);
  return entity;
}

function tagEvents(set: Tags, removed: readonly string[], stamp: Stamp) {
  return [
    ...Object.entries(set).map(([key, value]) =>
      eventOf(ENTITY_EVENTS.tag, { key, operation: "upsert", value: { key, value } }, stamp),
    ),
    ...removed.map((key) => eventOf(ENTITY_EVENTS.tag, { key, operation: "delete" }, stamp)),
  ];
}

/** Lets others work on it. A claim that is held goes on. */
export function changeDispatch(state: FakeState, url: string, policy: DispatchPolicy | null, stamp: Stamp): FakeEntity {
  const entity = requireLiving(state, url);
  const { dispatch: _, ...rest } = entity.entity;
  entity.entity = { ...rest, ...(policy && { dispatch: policy }), updatedAt: stamp.now };
  announce(state, entity, stamp);
  tell(state);
  return entity;
}

export interface EntityFilter {
  readonly type?: string | undefined;
  readonly status?: string | undefined;
  readonly parent?: string | undefined;
  /** `name=value` */
  readonly tag?: string | undefined;
  readonly after?: string | undefined;
  readonly limit: number;
}

/** Oldest first. */
export function listEntities(state: FakeState, filter: EntityFilter): EntityPage {
  const all = [...state.entities.values()].filter(
    ({ entity }) =>
      (filter.type === undefined || entity.type === filter.type) &&
      (filter.status === undefined || entity.status === filter.status) &&
      (filter.parent === undefined || entity.parent === filter.parent) &&
      (filter.tag === undefined ||
        Object.entries(entity.tags).some(([name, value]) => `${name}=${value}` === filter.tag)),
  );
  const start = filter.after === undefined ? 0 : Number(filter.after);
  const end = start + filter.limit;
  return {
    entities: all.slice(start, end).map(shownEntity),
    ...(end < all.length && { next: String(end) }),
    offset: makeStream(state, DIRECTORY_STREAM).head,
  };
}
