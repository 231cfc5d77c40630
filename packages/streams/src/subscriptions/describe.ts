import { formatOffset } from "@skein/protocol";
import type { SubscriptionsContext } from "./context.ts";
import { nameOf, RESERVED_ROOT } from "./names.ts";
import type { LinkRecord, SubscriptionRecord, UnitRecord } from "./records.ts";
import { signingKey } from "./signing.ts";
import { loadWork } from "./work.ts";

/** So many of a subscription's streams are listed. */
const MAX_LISTED = 1000;

/** A subscription as it is shown: what was asked for, how far its streams are, and whether its wakes get through. */
export async function describe(
  context: SubscriptionsContext,
  subscription: SubscriptionRecord,
  origin: string,
): Promise<Record<string, unknown>> {
  const { store } = context;
  const { id, type, pattern, entityType, wakeStream, webhookUrl, scope, leaseMs, description, createdAt } =
    subscription;
  const failing = await failingUnit(context, subscription);
  return {
    id,
    subscription_id: id,
    type,
    ...(entityType === undefined && pattern !== undefined && { pattern: nameOf(pattern) }),
    ...(entityType !== undefined && { entity_type: entityType }),
    ...(await listStreams(context, subscription)),
    ...(webhookUrl !== undefined && {
      webhook: {
        url: webhookUrl,
        signing: {
          alg: "ed25519",
          kid: (await signingKey(store)).kid,
          jwks_url: `${origin}${RESERVED_ROOT}jwks.json`,
        },
      },
    }),
    ...(wakeStream !== undefined && { wake_stream: nameOf(wakeStream) }),
    lease_ttl_ms: leaseMs,
    lease_scope: scope,
    created_at: new Date(createdAt).toISOString(),
    status: failing === undefined ? "active" : "failed",
    ...(failing !== undefined && {
      last_error: failing.failure,
      ...(failing.nextAt !== undefined && { next_attempt_at: new Date(failing.nextAt).toISOString() }),
    }),
    ...(description !== undefined && { description }),
  };
}

async function listStreams({ store }: SubscriptionsContext, subscription: SubscriptionRecord) {
  const { uid } = subscription;
  const links = await store.queryRecords<LinkRecord>({
    collection: "ds_links",
    index: "byUid",
    equals: [uid],
    limit: MAX_LISTED,
  });
  const known = links.records.map(({ value: { path, explicit, acked } }) => ({
    path: nameOf(path),
    link_type: explicit ? "explicit" : "glob",
    acked_offset: formatOffset(acked),
  }));
  const listed = new Set(known.map(({ path }) => path));
  const work = subscription.entityType === undefined ? await loadWork(store, subscription, { uid }) : { pending: [] };
  // Streams that began later have no link until something of them is acknowledged.
  const news = work.pending.flatMap(({ path, acked }) =>
    listed.has(nameOf(path)) ? [] : [{ path: nameOf(path), link_type: "glob", acked_offset: formatOffset(acked) }],
  );
  return { streams: [...known, ...news], ...(links.next !== undefined && { more_streams: true }) };
}

async function failingUnit(
  { store }: SubscriptionsContext,
  { uid }: SubscriptionRecord,
): Promise<UnitRecord | undefined> {
  const query = { collection: "ds_units", index: "byUid", equals: [uid], limit: 100 };
  const { records } = await store.queryRecords<UnitRecord>(query);
  return records.find(({ value }) => value.failure !== undefined)?.value;
}
