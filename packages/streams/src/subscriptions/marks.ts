import type { Operation, StoredRecord } from "@skein/store";
import { put, remove } from "./attempt.ts";
import { newUnit } from "./claims.ts";
import type { SubscriptionsContext } from "./context.ts";
import type { EntityStanding } from "./entity-units.ts";
import { offerWake } from "./offer.ts";
import { unitId, type MarkRecord, type SubscriptionRecord, type UnitRecord } from "./records.ts";
import { readied } from "./rules.ts";
import { newId } from "./secrets.ts";
import { withDispatch } from "./units.ts";
import { itemOf } from "./work.ts";

const PAGE = 200;
type Mark = StoredRecord<MarkRecord>;

/**
 * Looks at what was appended since somebody looked last: an idle unit becomes ready, and is offered in the same
 * commit; one that is ready or claimed will see the mark by itself. Answers whether there is more.
 */
export async function lookAtMarks(context: SubscriptionsContext): Promise<boolean> {
  const query = { collection: "ds_marks", index: "fresh", equals: [true], limit: PAGE };
  const { records } = await context.store.queryRecords<MarkRecord>(query);
  const groups = new Map<string, Mark[]>();
  const subscriptions = new Map<string, SubscriptionRecord | undefined>();
  for (const mark of records) {
    const { id, uid } = mark.value;
    if (!subscriptions.has(uid)) {
      const found = await context.store.getRecord<SubscriptionRecord>("ds_subscriptions", id);
      subscriptions.set(uid, found?.value.uid === uid ? found.value : undefined);
    }
    const subscription = subscriptions.get(uid);
    const unit = subscription === undefined ? uid : unitId(subscription, mark.value.path);
    const group = groups.get(unit);
    if (group === undefined) groups.set(unit, [mark]);
    else group.push(mark);
  }
  for (const [unit, marks] of groups) {
    const [first] = marks;
    const subscription = first && subscriptions.get(first.value.uid);
    if (subscription === undefined) await drop(context, marks);
    else if (subscription.entityType !== undefined) await lookAgain(context, subscription, unit, marks);
    else await wake(context, subscription, unit, marks);
  }
  return records.length === PAGE;
}

async function drop({ store }: Pick<SubscriptionsContext, "store">, marks: readonly Mark[]): Promise<void> {
  await store.commit(marks.map(({ id, version }) => remove("ds_marks", id, version)));
}

function seen(marks: readonly Mark[]): Operation[] {
  return marks.map(({ id, version, value }) => {
    const { fresh: _, ...rest } = value;
    return put("ds_marks", id, rest, version);
  });
}

async function wake(
  { store }: SubscriptionsContext,
  subscription: SubscriptionRecord,
  id: string,
  marks: readonly Mark[],
): Promise<void> {
  const record = await store.getRecord<UnitRecord>("ds_units", id);
  const version = record?.version ?? 0;
  if (record !== undefined && record.value.state !== "idle") {
    // Its claim's end looks at all marks; the check makes one that ends at this moment look again.
    const check: Operation = { kind: "check-record", collection: "ds_units", id, expectedVersion: version };
    await store.commit([...seen(marks), check]);
    return;
  }
  const items = await Promise.all(marks.map((mark) => itemOf(store, subscription, mark.value.path, mark)));
  const pending = items.flatMap((item) => (item !== undefined && item.acked < item.stream.head ? [item] : []));
  const paths = new Set(pending.map(({ path }) => path));
  const busy = marks.filter(({ value }) => paths.has(value.path));
  const empty = marks.filter(({ value }) => !paths.has(value.path));
  if (empty.length > 0) await drop({ store }, empty);
  const [first] = pending;
  if (first === undefined) return;
  const now = store.now();
  const path = subscription.scope === "stream" ? first.path : undefined;
  const unit = record?.value ?? newUnit(subscription, path);
  const ready = withDispatch(unit, readied(unit, now), { wakeId: newId("w"), offers: 0, nextAt: now });
  if (subscription.type === "webhook") {
    await store.commit([...seen(busy), put("ds_units", id, ready, version)]);
    return;
  }
  const offer = { id: subscription.id, generation: ready.generation + 1, path: first.path };
  await offerWake(store, subscription, { value: ready, version, recordId: id }, offer, seen(busy));
}

/**
 * The entity's own wake says what is to be done; the unit here only keeps the time to look. More input for one that is
 * offered already is no other offer.
 */
async function lookAgain(
  { store, entities }: SubscriptionsContext,
  subscription: SubscriptionRecord,
  id: string,
  marks: readonly Mark[],
): Promise<void> {
  const record = await store.getRecord<UnitRecord>("ds_units", id);
  const [mark] = marks;
  if (mark === undefined || entities === undefined) return;
  const standing = await entities.look(mark.value.path);
  const version = record?.version ?? 0;
  const now = store.now();
  if (record !== undefined && isKnown(record.value, standing, now)) {
    const check: Operation = { kind: "check-record", collection: "ds_units", id, expectedVersion: version };
    await store.commit([...seen(marks), check]);
    return;
  }
  const unit = record?.value ?? newUnit(subscription, mark.value.path);
  const { failure } = unit;
  // What has failed goes on failing later and later, whatever comes in.
  const count = failure === undefined ? { offers: 0 } : { offers: unit.offers, failure };
  const ready = withDispatch(unit, readied(unit, now), { ...count, nextAt: now });
  await store.commit([...seen(marks), put("ds_units", id, ready, version)]);
}

/** Offered already; to be tried again later; or claimed, which is looked at when the lease is over, and before if the claim ends with work left. */
function isKnown({ wakeId, offers, failure, nextAt = 0 }: UnitRecord, standing: EntityStanding, now: number): boolean {
  if (failure !== undefined && nextAt > now) return true;
  if (standing.kind === "claimed") return nextAt > now;
  return standing.kind === "ready" && wakeId === standing.offer.wakeId && offers > 0;
}
