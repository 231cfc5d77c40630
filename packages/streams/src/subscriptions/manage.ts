import type { Operation, Store, StoredRecord, StreamInfo } from "@skein/store";
import { attempt, put, remove } from "./attempt.ts";
import type { Config } from "./config.ts";
import type { SubscriptionsContext } from "./context.ts";
import { coveredStreams, covers } from "./covered.ts";
import { done, noSubscription, refusal, type Outcome } from "./errors.ts";
import { pairId, type EpochRecord, type InterestRecord, type LinkRecord, type SubscriptionRecord } from "./records.ts";
import { newId } from "./secrets.ts";
import { settle, SETTLE_MS } from "./settle.ts";

/** So many existing streams a new pattern may cover, and so many streams may be named one by one. */
const MAX_LINKS = 10_000;
/** What a `PUT` that never ended left behind is removed after this time. */
const ABANDONED_MS = 10 * 60_000;
const BATCH = 500;

/**
 * Makes a subscription: first the links to what is there now, each at its end; then, in one commit, the subscription
 * and what is to be noticed from now on. The same request again finds it there.
 */
export async function subscribe(
  context: SubscriptionsContext,
  id: string,
  order: { readonly config: Config; readonly hash: string; readonly origin: string },
): Promise<Outcome<{ readonly subscription: SubscriptionRecord; readonly created: boolean }>> {
  const { store } = context;
  const { config, hash, origin } = order;
  const before = await existing(store, id, hash);
  if (before !== undefined) return before;
  const now = store.now();
  const { streams, ...rest } = config;
  const subscription: SubscriptionRecord = {
    ...rest,
    id,
    uid: newId("s"),
    configHash: hash,
    createdAt: now,
    origin,
    explicit: streams.length,
    settleAt: now + SETTLE_MS,
  };
  await store.commit([
    { kind: "put-record", collection: "ds_trash", id: subscription.uid, value: { after: now + ABANDONED_MS } },
  ]);
  const linked = await linkExisting(store, subscription, streams);
  if (!linked) {
    return refusal("INVALID_REQUEST", `The pattern covers more than ${MAX_LINKS} streams that are there already.`);
  }
  const made = await attempt(store, async () => {
    const there = await existing(store, id, hash);
    if (there !== undefined) return there;
    const texts = [
      ...(config.pattern === undefined ? [] : [{ kind: "glob" as const, text: config.pattern }]),
      ...streams.map((text) => ({ kind: "path" as const, text })),
    ];
    const operations = [
      put("ds_subscriptions", id, subscription, 0),
      ...(await interestOperations(store, subscription, texts)),
      remove("ds_trash", subscription.uid),
    ];
    return { kind: "commit", operations, value: { subscription, created: true } };
  });
  if (made.kind === "refused" || !made.value.created) return made;
  await context.index.refresh();
  await settle(context, subscription);
  return made;
}

async function existing(
  store: Store,
  id: string,
  hash: string,
): Promise<Outcome<{ readonly subscription: SubscriptionRecord; readonly created: boolean }> | undefined> {
  const record = await store.getRecord<SubscriptionRecord>("ds_subscriptions", id);
  if (record === undefined) return undefined;
  if (record.value.configHash === hash) return done({ subscription: record.value, created: false });
  return refusal("SUBSCRIPTION_ALREADY_EXISTS", `There is another subscription ${id}; delete it first.`);
}

/** Every stream that is covered and there, at its end. Streams of entities have positions of their own. */
async function linkExisting(
  store: Store,
  subscription: SubscriptionRecord,
  named: readonly string[],
): Promise<boolean> {
  let count = 0;
  const link = async (links: readonly Operation[]): Promise<void> => {
    count += links.length;
    if (links.length > 0) await store.commit(links);
  };
  for (let at = 0; at < named.length; at += BATCH) {
    await link(await explicitLinks(store, subscription, named.slice(at, at + BATCH)));
  }
  if (subscription.pattern === undefined || subscription.entityType !== undefined) return true;
  const taken = new Set(named);
  for await (const page of coveredStreams(store, subscription)) {
    await link(page.filter(({ path }) => !taken.has(path)).map((stream) => linkAt(subscription, stream, false)));
    if (count > MAX_LINKS) return false;
  }
  return true;
}

async function explicitLinks(
  store: Store,
  subscription: SubscriptionRecord,
  paths: readonly string[],
): Promise<Operation[]> {
  return Promise.all(
    paths.map(async (path) => {
      const stream = await store.getStream(path);
      return stream === undefined || stream.deleted
        ? putLink({ uid: subscription.uid, path, explicit: true, acked: 0 })
        : linkAt(subscription, stream, true);
    }),
  );
}

function linkAt({ uid }: SubscriptionRecord, { path, head, id, createdAt }: StreamInfo, explicit: boolean): Operation {
  return putLink({ uid, path, explicit, acked: head, stream: { id, createdAt } });
}

function putLink(value: LinkRecord): Operation {
  return { kind: "put-record", collection: "ds_links", id: pairId(value.uid, value.path), value };
}

/** New interests, with the numbers that tell every server of them. */
async function interestOperations(
  store: Store,
  { id, uid }: SubscriptionRecord,
  texts: readonly Pick<InterestRecord, "kind" | "text">[],
): Promise<Operation[]> {
  const epoch = await store.getRecord<EpochRecord>("ds_epoch", "interests");
  const { adds, removes } = epoch?.value ?? { adds: 0, removes: 0 };
  return [
    put("ds_epoch", "interests", { adds: adds + texts.length, removes }, epoch?.version ?? 0),
    ...texts.map(({ kind, text }, index): Operation => {
      const value: InterestRecord = { seq: adds + index + 1, id, uid, kind, text };
      return { kind: "put-record", collection: "ds_interests", id: interestId(uid, kind, text), value };
    }),
  ];
}

function interestId(uid: string, kind: InterestRecord["kind"], text: string): string {
  return `${uid} ${kind} ${text}`;
}

/** Names more streams: each from its end on. */
export async function addStreams(
  context: SubscriptionsContext,
  id: string,
  paths: readonly string[],
): Promise<Outcome<undefined>> {
  const { store, index } = context;
  const added = await attempt(store, async () => {
    const record = await store.getRecord<SubscriptionRecord>("ds_subscriptions", id);
    if (record === undefined) return noSubscription(id);
    if (record.value.entityType !== undefined) return refusal("INVALID_REQUEST", "This subscription is to a type.");
    const links = await Promise.all(
      paths.map((path) => store.getRecord<LinkRecord>("ds_links", pairId(record.value.uid, path))),
    );
    const fresh = paths.filter((_, at) => links[at] === undefined);
    const known = links.filter((link) => link !== undefined && !link.value.explicit);
    const explicit = record.value.explicit + fresh.length + known.length;
    if (explicit > MAX_LINKS) return refusal("INVALID_REQUEST", `At most ${MAX_LINKS} streams can be named.`);
    const subscription = { ...record.value, explicit, settleAt: store.now() + SETTLE_MS };
    const operations = [
      put("ds_subscriptions", id, subscription, record.version),
      ...(await explicitLinks(store, subscription, fresh)),
      ...known.flatMap((link) =>
        link ? [put("ds_links", link.id, { ...link.value, explicit: true }, link.version)] : [],
      ),
      ...(await interestOperations(
        store,
        subscription,
        paths.map((text) => ({ kind: "path" as const, text })),
      )),
    ];
    return { kind: "commit", operations, value: subscription };
  });
  if (added.kind === "refused") return added;
  await index.refresh();
  await settle(context, added.value);
  return done(undefined);
}

/** Forgets a stream that was named, and how far it was; a pattern that covers it goes on from where it was. */
export async function removeStream(
  { store }: SubscriptionsContext,
  id: string,
  path: string,
): Promise<Outcome<undefined>> {
  return attempt<undefined>(store, async () => {
    const record = await store.getRecord<SubscriptionRecord>("ds_subscriptions", id);
    if (record === undefined) return noSubscription(id);
    const subscription = record.value;
    const { uid } = subscription;
    const link = await store.getRecord<LinkRecord>("ds_links", pairId(uid, path));
    if (link === undefined || !link.value.explicit) return done(undefined);
    const stays = covers(subscription, path);
    const operations = [
      put("ds_subscriptions", id, { ...subscription, explicit: subscription.explicit - 1 }, record.version),
      remove("ds_interests", interestId(uid, "path", path)),
      ...(await countRemoval(store)),
      stays
        ? put("ds_links", link.id, { ...link.value, explicit: false }, link.version)
        : remove("ds_links", link.id, link.version),
      ...(stays ? [] : [remove("ds_marks", link.id)]),
    ];
    return { kind: "commit", operations, value: undefined };
  });
}

/** Ends a subscription, and every claim of it, at once; what it leaves behind is removed afterwards. */
export async function unsubscribe({ store }: SubscriptionsContext, id: string): Promise<Outcome<undefined>> {
  return attempt<undefined>(store, async () => {
    const record = await store.getRecord<SubscriptionRecord>("ds_subscriptions", id);
    if (record === undefined) return noSubscription(id);
    const operations: Operation[] = [
      remove("ds_subscriptions", id, record.version),
      ...(await countRemoval(store)),
      { kind: "put-record", collection: "ds_trash", id: record.value.uid, value: { after: store.now() } },
    ];
    return { kind: "commit", operations, value: undefined };
  });
}

async function countRemoval(store: Store): Promise<Operation[]> {
  const epoch: StoredRecord<EpochRecord> | undefined = await store.getRecord("ds_epoch", "interests");
  const { adds, removes } = epoch?.value ?? { adds: 0, removes: 0 };
  return [put("ds_epoch", "interests", { adds, removes: removes + 1 }, epoch?.version ?? 0)];
}
