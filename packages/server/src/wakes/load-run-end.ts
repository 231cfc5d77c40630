import { parseEntityUrl } from "@skein/protocol";
import type { RecordQuery, Store, StoredRecord } from "@skein/store";
import type { OpenRunRecord, SubscriptionRecord } from "../records/collections.ts";
import { load, type RecordKey, type SnapshotBuilder } from "../records/snapshot.ts";
import { sendKeys } from "../entities/plan-send.ts";

const PAGE = 500;

export async function loadOpenRuns(store: Store, snapshot: SnapshotBuilder, url: string): Promise<OpenRunRecord[]> {
  const records = await queryAll<OpenRunRecord>(store, { collection: "runs", index: "byEntity", equals: [url] });
  for (const record of records) snapshot.set("runs", record.id, record);
  return records.map(({ value }) => value);
}

async function queryAll<T>(store: Store, query: Omit<RecordQuery, "limit" | "after">): Promise<StoredRecord<T>[]> {
  const found: StoredRecord<T>[] = [];
  for (let after: string | undefined; ;) {
    const page = await store.queryRecords<T>({ ...query, limit: PAGE, ...(after !== undefined && { after }) });
    found.push(...page.records);
    if (page.next === undefined) return found;
    after = page.next;
  }
}

/** Who is to be told when a run of `source` ends, with everything that telling them needs. */
export async function loadSubscribers(
  store: Store,
  snapshot: SnapshotBuilder,
  source: string,
): Promise<SubscriptionRecord[]> {
  const found = await loadSubscriptions(store, snapshot, { index: "bySource", url: source });
  await load(
    store,
    snapshot,
    found.flatMap(({ subscriber }): RecordKey[] => sendKeys(subscriber, undefined)),
  );
  return found;
}

export async function loadSubscriptions(
  store: Store,
  snapshot: SnapshotBuilder,
  query: { readonly index: "bySource" | "bySubscriber"; readonly url: string },
): Promise<SubscriptionRecord[]> {
  const { index, url } = query;
  const records = await queryAll<SubscriptionRecord>(store, { collection: "subscriptions", index, equals: [url] });
  for (const record of records) snapshot.set("subscriptions", record.id, record);
  return records.map(({ value }) => value).filter(({ subscriber }) => parseEntityUrl(subscriber) !== undefined);
}
