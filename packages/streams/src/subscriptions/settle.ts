import type { Operation, Store, StreamInfo } from "@skein/store";
import { put } from "./attempt.ts";
import type { SubscriptionsContext } from "./context.ts";
import { coveredStreams } from "./covered.ts";
import { ackedOf, pairId, type LinkRecord, type MarkRecord, type SubscriptionRecord } from "./records.ts";

/**
 * An append marks the subscriptions that its server knows of, and a server may know of a new one a second late; an
 * append may also have been on its way while a subscription was made. So each new subscription looks at all that it
 * covers, at once and again after this time, and marks what is behind its links.
 */
export const SETTLE_MS = 5000;

const PAGE = 500;

/** Marks every stream of a subscription that has something behind the acknowledged position. */
export async function settle(context: SubscriptionsContext, subscription: SubscriptionRecord): Promise<void> {
  const { store, entities } = context;
  if (subscription.entityType !== undefined) {
    for await (const paths of entities?.waiting(subscription.entityType) ?? [])
      await markAll(store, subscription, paths);
    return;
  }
  for (let after: string | undefined; ;) {
    const page = await store.queryRecords<LinkRecord>({
      collection: "ds_links",
      index: "byUid",
      equals: [subscription.uid],
      limit: PAGE,
      ...(after !== undefined && { after }),
    });
    const streams = await Promise.all(page.records.map(({ value }) => store.getStream(value.path)));
    const behind = page.records.flatMap(({ value }, index) => {
      const stream = streams[index];
      return stream !== undefined && isBehind(value, stream) ? [stream.path] : [];
    });
    await markAll(store, subscription, behind);
    if (page.next === undefined) break;
    after = page.next;
  }
  if (subscription.pattern === undefined) return;
  for await (const page of coveredStreams(store, subscription)) {
    // Those with a link were looked at above; one without began after the subscription did.
    const links = await Promise.all(
      page.map(({ path }) => store.getRecord<LinkRecord>("ds_links", pairId(subscription.uid, path))),
    );
    const news = page.filter((stream, index) => links[index] === undefined && isBehind(undefined, stream));
    await markAll(
      store,
      subscription,
      news.map(({ path }) => path),
    );
  }
}

function isBehind(link: LinkRecord | undefined, stream: StreamInfo): boolean {
  return !stream.deleted && ackedOf(link, stream) < stream.head;
}

async function markAll(store: Store, { id, uid }: SubscriptionRecord, paths: readonly string[]): Promise<void> {
  if (paths.length === 0) return;
  const marks = paths.map((path): Operation => {
    const value: MarkRecord = { id, uid, path, fresh: true };
    return { kind: "put-record", collection: "ds_marks", id: pairId(uid, path), value };
  });
  await store.commit(marks);
}

/** The second look is done. */
export function settled(subscription: SubscriptionRecord, version: number): Operation {
  const { settleAt: _, ...rest } = subscription;
  return put("ds_subscriptions", subscription.id, rest, version);
}
