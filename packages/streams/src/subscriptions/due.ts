import type { Operation, StoredRecord } from "@skein/store";
import { put, remove } from "./attempt.ts";
import type { SubscriptionsContext } from "./context.ts";
import type { Deliveries } from "./deliveries.ts";
import { asUnit, offerWake } from "./offer.ts";
import {
  pairId,
  type EpochRecord,
  type MarkRecord,
  type SubscriptionRecord,
  type TrashRecord,
  type UnitRecord,
} from "./records.ts";
import { HANDLER_BACKOFF, IDLE, OFFER_BACKOFF, released } from "./rules.ts";
import { newId } from "./secrets.ts";
import { settle, settled } from "./settle.ts";
import { withDispatch } from "./units.ts";
import { loadWork } from "./work.ts";

/**
 * What falls due by time: offers that nobody took, leases that ran out, webhooks to try again, new subscriptions to
 * look at once more, remains to remove. All of it is in the records: any server may do it, and whoever commits first
 * has done it.
 */
const PAGE = 100;

export async function lookAtDue(context: SubscriptionsContext, deliveries: Deliveries): Promise<boolean> {
  const { store } = context;
  const query = { collection: "ds_units", index: "due", below: store.now() + 1, limit: PAGE };
  const { records } = await store.queryRecords<UnitRecord>(query);
  let waiting = 0;
  for (const record of records) {
    if ((await lookAtUnit(context, deliveries, record)) === "waits") waiting += 1;
  }
  await settleDue(context);
  await sweep(context);
  return records.length === PAGE && waiting === 0;
}

async function lookAtUnit(
  context: SubscriptionsContext,
  deliveries: Deliveries,
  record: StoredRecord<UnitRecord>,
): Promise<"looked" | "waits"> {
  const { store } = context;
  const found = await store.getRecord<SubscriptionRecord>("ds_subscriptions", record.value.id);
  const subscription = found?.value.uid === record.value.uid ? found.value : undefined;
  if (subscription === undefined) {
    await store.commit([remove("ds_units", record.id, record.version)]);
    return "looked";
  }
  if (subscription.entityType !== undefined) return lookAtEntity(context, deliveries, subscription, record);
  if (record.value.state === "claimed") {
    await expire(context, subscription, record);
    return "looked";
  }
  const { pending } = await loadWork(store, subscription, record.value, 1);
  const [first] = pending;
  if (first === undefined) {
    await store.commit([
      put("ds_units", record.id, withDispatch(record.value, released(record.value, false, 0), {}), record.version),
    ]);
    return "looked";
  }
  if (subscription.type === "webhook") return deliveries.start(subscription, record);
  const offer = { id: subscription.id, generation: record.value.generation + 1, path: first.path };
  await offerWake(store, subscription, asUnit(record), offer);
  return "looked";
}

/** A lease that ran out: the work is offered again, later each time when nothing is ever acknowledged. */
async function expire(
  { store }: SubscriptionsContext,
  subscription: SubscriptionRecord,
  { id, value, version }: StoredRecord<UnitRecord>,
): Promise<void> {
  const { pending } = await loadWork(store, subscription, value, 1);
  const more = pending.length > 0;
  const webhook = subscription.type === "webhook";
  const next = released(value, more, store.now(), webhook ? OFFER_BACKOFF : HANDLER_BACKOFF);
  const ended = withDispatch(value, next, {
    offers: 0,
    ...(more && { wakeId: newId("w"), nextAt: next.claimableAt ?? store.now() }),
    ...(webhook && more && { failure: "The webhook did not acknowledge in its time." }),
  });
  await store.commit([put("ds_units", id, ended, version)]);
}

/** An entity's work is claimed by the entity's own rules; here it is told, and told again while nobody takes it. */
async function lookAtEntity(
  context: SubscriptionsContext,
  deliveries: Deliveries,
  subscription: SubscriptionRecord,
  record: StoredRecord<UnitRecord>,
): Promise<"looked" | "waits"> {
  const { store, entities } = context;
  const { path } = record.value;
  if (path === undefined || entities === undefined) return "looked";
  // The mark first: what comes behind this look leaves another version of it.
  const mark = await store.getRecord<MarkRecord>("ds_marks", pairId(record.value.uid, path));
  const standing = await entities.look(path);
  if (standing.kind === "idle") {
    if (mark?.value.fresh === true) return "looked";
    const operations: Operation[] = [
      put("ds_units", record.id, withDispatch(record.value, IDLE, { offers: 0 }), record.version),
    ];
    if (mark !== undefined) operations.push(remove("ds_marks", mark.id, mark.version));
    await store.commit(operations);
    return "looked";
  }
  const at = standing.kind === "claimed" ? standing.until : standing.at;
  if (standing.kind === "claimed" || at > store.now()) {
    const next: UnitRecord = { ...record.value, offers: 0, nextAt: at };
    await store.commit([put("ds_units", record.id, next, record.version)]);
    return "looked";
  }
  if (subscription.type === "webhook") return deliveries.start(subscription, record);
  const { wakeId } = standing.offer;
  const unit: UnitRecord = wakeId === record.value.wakeId ? record.value : { ...record.value, wakeId, offers: 0 };
  await offerWake(store, subscription, { ...asUnit(record), value: unit }, { ...standing.offer, path });
  return "looked";
}

async function settleDue(context: SubscriptionsContext): Promise<void> {
  const { store } = context;
  const query = { collection: "ds_subscriptions", index: "settle", below: store.now() + 1, limit: PAGE };
  const { records } = await store.queryRecords<SubscriptionRecord>(query);
  for (const { value, version } of records) {
    await settle(context, value);
    await store.commit([settled(value, version)]);
  }
}

/** What belongs to a subscription that is gone. */
async function sweep({ store }: SubscriptionsContext): Promise<void> {
  const query = { collection: "ds_trash", index: "due", below: store.now() + 1, limit: PAGE };
  const { records } = await store.queryRecords<TrashRecord>(query);
  for (const { id: uid, version } of records) {
    for (const collection of ["ds_interests", "ds_links", "ds_marks", "ds_units"]) {
      for (;;) {
        const page = await store.queryRecords({ collection, index: "byUid", equals: [uid], limit: PAGE });
        if (page.records.length > 0) await store.commit(page.records.map(({ id }) => remove(collection, id)));
        if (page.records.length < PAGE) break;
      }
    }
    const epoch = await store.getRecord<EpochRecord>("ds_epoch", "interests");
    const { adds, removes } = epoch?.value ?? { adds: 0, removes: 0 };
    await store.commit([
      remove("ds_trash", uid, version),
      put("ds_epoch", "interests", { adds, removes: removes + 1 }, epoch?.version ?? 0),
    ]);
  }
}

/** When something falls due next. */
export async function nextDue({ store }: SubscriptionsContext): Promise<number | undefined> {
  const [units, subscriptions, trash] = await Promise.all([
    store.queryRecords<UnitRecord>({ collection: "ds_units", index: "due", limit: 1 }),
    store.queryRecords<SubscriptionRecord>({ collection: "ds_subscriptions", index: "settle", limit: 1 }),
    store.queryRecords<TrashRecord>({ collection: "ds_trash", index: "due", limit: 1 }),
  ]);
  const times = [
    ...units.records.map(({ value }) => value.nextAt ?? Infinity),
    ...subscriptions.records.map(({ value }) => value.settleAt ?? Infinity),
    ...trash.records.map(({ value }) => value.after),
  ];
  return times.length === 0 ? undefined : Math.min(...times);
}
