import { parseEntityUrl } from "@skein/protocol";
import type { Store } from "@skein/store";
import type { OpenRunRecord, SubscriptionRecord } from "../records/collections.ts";
import { load, type RecordKey, type SnapshotBuilder } from "../records/snapshot.ts";
import { sendKeys } from "../entities/plan-send.ts";

/** An entity has few open runs and few who ask about it; what is beyond these bounds is told by later runs. */
const MAX_OPEN_RUNS = 1000;
const MAX_SUBSCRIPTIONS = 10_000;

export async function loadOpenRuns(store: Store, snapshot: SnapshotBuilder, url: string): Promise<OpenRunRecord[]> {
  const page = await store.queryRecords<OpenRunRecord>({
    collection: "runs",
    index: "byEntity",
    equals: [url],
    limit: MAX_OPEN_RUNS,
  });
  for (const record of page.records) snapshot.set("runs", record.id, record);
  return page.records.map(({ value }) => value);
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
  const page = await store.queryRecords<SubscriptionRecord>({
    collection: "subscriptions",
    index: query.index,
    equals: [query.url],
    limit: MAX_SUBSCRIPTIONS,
  });
  for (const record of page.records) snapshot.set("subscriptions", record.id, record);
  return page.records.map(({ value }) => value).filter(({ subscriber }) => parseEntityUrl(subscriber) !== undefined);
}
