import type { StoredRecord } from "@skein/store";
import { attempt, put } from "./attempt.ts";
import { ack, claim, giveBack, type AckRequest, type ClaimResult } from "./claims.ts";
import type { SubscriptionsContext } from "./context.ts";
import type { EntityClaim, EntityUnits } from "./entity-units.ts";
import type { Outcome } from "./errors.ts";
import { STREAM_ROOT } from "./names.ts";
import type { SubscriptionRecord, UnitRecord } from "./records.ts";
import { delayAfter, OFFER_BACKOFF } from "./rules.ts";
import { postWebhook, type Delivered } from "./webhook.ts";

/** Webhooks on their way from this process: the claim is taken here, so that only one server sends. */
export interface Deliveries {
  start(subscription: SubscriptionRecord, unit: StoredRecord<UnitRecord>): "looked" | "waits";
  /** Resolves when none is on its way. */
  idle(): Promise<void>;
}

const WORKER = "webhook";

export function createDeliveries(context: SubscriptionsContext, freed: () => void): Deliveries {
  const running = new Map<string, Promise<void>>();
  return {
    start(subscription, unit) {
      if (running.has(unit.id)) return "looked";
      if (running.size >= context.maxDeliveries) return "waits";
      const delivery = (subscription.entityType === undefined ? deliver : deliverEntity)(context, subscription, unit)
        .catch((error: unknown) => {
          if (!context.signal.aborted) context.onError(error);
        })
        .finally(() => {
          running.delete(unit.id);
          freed();
        });
      running.set(unit.id, delivery);
      return "looked";
    },
    async idle() {
      while (running.size > 0) await Promise.all(running.values());
    },
  };
}

async function deliver(
  context: SubscriptionsContext,
  subscription: SubscriptionRecord,
  { value }: StoredRecord<UnitRecord>,
): Promise<void> {
  const order = { worker: WORKER, ...(value.path !== undefined && { path: value.path }) };
  const taken = await claim(context, subscription, order);
  // Another server was faster, or there is nothing to do any more.
  if (taken.kind === "refused") return;
  const { id } = subscription;
  const sent = await send(context, subscription, id, taken.value);
  if (sent.kind === "failed") {
    const failure = { why: sent.why, jitter: 0.8 + context.random() * 0.4 };
    await giveBack(context, id, taken.value.token, refOf(taken.value), failure);
    return;
  }
  const acked = await ack(context, id, taken.value.token, sent.done ? allOf(taken.value) : refOf(taken.value));
  // A stream that was replaced while the handler worked: its successor is told anew.
  if (acked.kind === "refused" && acked.code === "INVALID_OFFSET") {
    await giveBack(context, id, taken.value.token, refOf(taken.value));
  }
}

/** As above, for a unit whose claim somebody else keeps; the unit's record keeps the time to look again. */
async function deliverEntity(
  context: SubscriptionsContext,
  subscription: SubscriptionRecord,
  record: StoredRecord<UnitRecord>,
): Promise<void> {
  const { path } = record.value;
  const entities: EntityUnits | undefined = context.entities;
  if (entities === undefined || path === undefined) return;
  const taken: Outcome<EntityClaim> = await entities.claim(path, { worker: WORKER, leaseMs: subscription.leaseMs });
  if (taken.kind === "refused") return;
  const { subscription_id: id, token } = taken.value;
  const sent = await send(context, subscription, id, taken.value);
  if (sent.kind === "failed") {
    // Noted first: the release makes somebody look, who shall see that it waits.
    const offers = record.value.offers + 1;
    const inMs = Math.round(delayAfter(offers, OFFER_BACKOFF) * (0.8 + context.random() * 0.4));
    await lookLater(context, record.id, { offers, inMs, failure: sent.why });
    await entities.release(id, token, refOf(taken.value));
    return;
  }
  // Refused: the callback was faster. Either way the next look says how the entity stands.
  if (sent.done) await entities.ack(id, token, allOf(taken.value));
  await lookLater(context, record.id, { offers: 0, inMs: 0 });
}

async function lookLater(
  { store }: SubscriptionsContext,
  id: string,
  { offers, inMs, failure }: { readonly offers: number; readonly inMs: number; readonly failure?: string },
): Promise<void> {
  await attempt<undefined>(store, async () => {
    const record = await store.getRecord<UnitRecord>("ds_units", id);
    if (record === undefined) return { kind: "done", value: undefined };
    const { failure: _, ...rest } = record.value;
    const next = { ...rest, offers, nextAt: store.now() + inMs, ...(failure !== undefined && { failure }) };
    return { kind: "commit", operations: [put("ds_units", id, next, record.version)], value: undefined };
  });
}

async function send(
  context: SubscriptionsContext,
  { webhookUrl, origin, leaseMs }: SubscriptionRecord,
  id: string,
  claimed: ClaimResult | EntityClaim,
): Promise<Delivered> {
  const { token, ...told } = claimed;
  const body = JSON.stringify({
    subscription_id: id,
    ...told,
    callback_url: `${origin}${STREAM_ROOT}__ds/subscriptions/${encodeURIComponent(id)}/callback`,
    callback_token: token,
  });
  return postWebhook(context, { url: webhookUrl ?? "", body, leaseMs });
}

function refOf({ wake_id, generation }: ClaimResult): AckRequest {
  return { wake_id, generation, acks: [], done: false };
}

/** Everything that the notification told of. */
function allOf({ wake_id, generation, streams }: ClaimResult): AckRequest {
  const acks = streams.map(({ path, tail_offset }) => ({ stream: path, offset: tail_offset }));
  return { wake_id, generation, acks, done: true };
}
