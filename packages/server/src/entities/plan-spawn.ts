import {
  ENTITY_EVENTS,
  entityRef,
  entityUrl,
  mainStream,
  RESERVED_ENTITY_TYPES,
  SkeinError,
  type DispatchPolicy,
  type ForkedFrom,
  type Message,
  type Tags,
} from "@skein/protocol";
import { memberKeys, tellSets } from "../observers/members.ts";
import { pairId, type EntityRecord } from "../records/collections.ts";
import type { Draft } from "../records/draft.ts";
import type { RecordKey } from "../records/snapshot.ts";
import { sessionKeysOf, projectEntity } from "../sessions/draft.ts";
import { addLane, laneOf } from "../wakes/lanes.ts";
import { newWake } from "../wakes/rules.ts";
import { canonicalJson } from "./canonical-json.ts";
import { badEntityUrl, noEntity, writeEntity, type EntityRules } from "./entity.ts";
import { changeEventOf, type Stamp } from "./events.ts";
import { addMessage, checkMessage } from "./plan-send.ts";
import { checkTags } from "./plan-tags.ts";

export interface SpawnOrder {
  readonly type: string;
  readonly id: string;
  readonly args?: unknown;
  readonly tags?: Tags;
  readonly parent?: string;
  readonly initialMessage?: Message;
  readonly wake?: { readonly subscriber: string; readonly includeResponse: boolean };
  /** Instead of the type's. */
  readonly dispatch?: DispatchPolicy;
  /** Of a fork. */
  readonly forkedFrom?: ForkedFrom;
}

export type SpawnOutcome =
  | { readonly kind: "created"; readonly entity: EntityRecord }
  | { readonly kind: "exists"; readonly entity: EntityRecord }
  | { readonly kind: "refused"; readonly error: SkeinError };

export function spawnKeys(order: SpawnOrder): RecordKey[] {
  const url = entityUrl(order.type, order.id);
  const keys: RecordKey[] = [
    ["types", order.type],
    ["entities", url],
    ["wakes", url],
    ...sessionKeysOf(order.tags ?? {}),
    ...memberKeys({ tags: {}, ...order }),
  ];
  if (order.parent !== undefined) keys.push(["entities", order.parent]);
  if (order.wake) keys.push(["entities", order.wake.subscriber], ["subscriptions", pairId(url, order.wake.subscriber)]);
  return keys;
}

/**
 * Whether the order would be taken, before anything is asked of anybody: `exists` when it was carried out before.
 */
export function checkSpawn(draft: Draft, order: SpawnOrder, rules: EntityRules, now: number): SpawnOutcome | undefined {
  const url = entityUrl(order.type, order.id);
  if (!entityRef.safeParse(order).success) return { kind: "refused", error: badEntityUrl() };
  if (RESERVED_ENTITY_TYPES.has(order.type)) return refuse("reserved_name", `${order.type} is not an entity type.`);
  const type = draft.read("types", order.type);
  const there = draft.read("entities", url);
  if (there) {
    const same = canonicalJson(there.args) === canonicalJson(order.args ?? {});
    if (same && there.status !== "killed") return { kind: "exists", entity: there };
    const why = there.status === "killed" ? "and was killed" : "with other arguments";
    return refuse("entity_exists", `${url} is there already, ${why}. Choose another id.`, { entity: url });
  }
  if (!type) return refuse("unknown_entity_type", `No runner has registered the entity type ${order.type}.`);
  if (type.creationSchema) {
    const wrong = rules.check(type.creationSchema, order.args ?? {});
    if (wrong !== undefined) return refuse("schema_validation_failed", `The arguments do not fit: ${wrong}.`);
  }
  const tooMany = checkTags(order.tags ?? {});
  if (tooMany) return { kind: "refused", error: tooMany };
  if (order.initialMessage) {
    const error = checkMessage(draft, { type: order.type }, order.initialMessage, rules, now);
    if (error) return { kind: "refused", error };
  }
  for (const other of [order.parent, order.wake?.subscriber]) {
    if (other === undefined || other === url) continue;
    const entity = draft.read("entities", other);
    if (!entity) return { kind: "refused", error: noEntity(other) };
    if (entity.status === "killed") return refuse("entity_ended", `${other} was killed and can have no children.`);
  }
  return undefined;
}

/** Makes the entity: its record, its stream with the first events, its wake. */
export function addSpawn(draft: Draft, order: SpawnOrder, rules: EntityRules, stamp: Stamp): SpawnOutcome {
  const early = checkSpawn(draft, order, rules, stamp.now);
  if (early?.kind === "refused") return early;
  const url = entityUrl(order.type, order.id);
  addSubscription(draft, url, order);
  if (early) return early;

  const { now, principal } = stamp;
  const dispatch = order.dispatch ?? draft.read("types", order.type)?.dispatch;
  const entity: EntityRecord = {
    url,
    type: order.type,
    id: order.id,
    status: "idle",
    args: order.args ?? {},
    tags: order.tags ?? {},
    ...(order.parent !== undefined && { parent: order.parent }),
    ...(order.forkedFrom && { forkedFrom: order.forkedFrom }),
    createdBy: principal,
    createdAt: now,
    updatedAt: now,
    typeRevision: draft.read("types", order.type)?.revision ?? 0,
    ...(dispatch && { dispatch }),
  };
  const created = {
    key: "created",
    type: order.type,
    args: entity.args,
    ...(order.parent !== undefined && { parent: order.parent }),
    createdBy: principal,
    createdAt: now,
  };
  const main = mainStream(url);
  draft.createStream(main, { ifExists: "fail" });
  draft.append(main, [
    changeEventOf(ENTITY_EVENTS.created, "created", "insert", created, stamp),
    ...Object.entries(entity.tags).map(([key, value]) =>
      changeEventOf(ENTITY_EVENTS.tag, key, "upsert", { key, value }, stamp),
    ),
  ]);
  if (order.initialMessage)
    addMessage(draft, { to: url, key: rules.id(), message: order.initialMessage, near: 0 }, stamp);
  draft.check("types", order.type);
  addLane(draft, order.type, dispatch);
  draft.write("wakes", url, newWake(url, laneOf(order.type, dispatch), now));
  writeEntity(draft, entity, stamp);
  projectEntity(draft, entity, stamp);
  tellSets(draft, { before: undefined, after: entity }, stamp);
  return { kind: "created", entity };
}

function addSubscription(draft: Draft, source: string, order: SpawnOrder): void {
  if (!order.wake) return;
  const { subscriber, includeResponse } = order.wake;
  const id = pairId(source, subscriber);
  const before = draft.read("subscriptions", id);
  if (before?.includeResponse === includeResponse) return;
  draft.write("subscriptions", id, { source, subscriber, on: "runFinished", includeResponse });
}

function refuse(
  code: "reserved_name" | "entity_exists" | "unknown_entity_type" | "schema_validation_failed" | "entity_ended",
  message: string,
  details?: unknown,
): SpawnOutcome {
  return { kind: "refused", error: new SkeinError(code, message, details === undefined ? {} : { details }) };
}
