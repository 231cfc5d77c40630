import { parseOffset } from "@skein/protocol";
import type { Operation, StoredRecord } from "@skein/store";
import { z } from "zod";
import { attempt, put, remove, type Attempt } from "./attempt.ts";
import type { SubscriptionsContext } from "./context.ts";
import { done, noSubscription, refusal, type Outcome, type Refusal } from "./errors.ts";
import { pathOf } from "./names.ts";
import { pairId, type LinkRecord, type MarkRecord, type SubscriptionRecord, type UnitRecord } from "./records.ts";
import { claimed, HANDLER_BACKOFF, IDLE, judgeClaim, OFFER_BACKOFF, progressed, released, renewed } from "./rules.ts";
import { hashToken, newId, newToken } from "./secrets.ts";
import { withDispatch } from "./units.ts";
import { itemOf, loadWork, MAX_WORK, stateOf, type StreamState, type WorkItem } from "./work.ts";

/** What `claim` answers, on the wire. */
export interface ClaimResult {
  readonly wake_id: string;
  readonly generation: number;
  readonly token: string;
  /** Those with something to do, a hundred at most: what is left is told with the next wake. */
  readonly streams: readonly StreamState[];
  readonly lease_ttl_ms: number;
}

/** The body of `ack`, `callback` and `release`. */
export const ackRequest = z.object({
  wake_id: z.string().max(256),
  generation: z.number(),
  acks: z
    .array(z.object({ stream: z.string().optional(), path: z.string().optional(), offset: z.string().max(64) }))
    .max(MAX_WORK * 10)
    .default([]),
  done: z.boolean().default(false),
});
export type AckRequest = z.output<typeof ackRequest>;

export interface AckResult {
  readonly ok: true;
  readonly next_wake: boolean;
}

export interface ClaimOrder {
  readonly worker: string;
  /** Of a subscription with a lease for each stream: this one. */
  readonly path?: string;
}

/** Takes the lease: of any number of workers that ask at once, on any server, one gets it. */
export async function claim(
  { store }: SubscriptionsContext,
  subscription: SubscriptionRecord,
  order: ClaimOrder,
): Promise<Outcome<ClaimResult>> {
  const token = newToken();
  return attempt<ClaimResult>(store, async () => {
    const id = await chooseUnit({ store }, subscription, order);
    if (id === undefined) return nothing();
    const record = await store.getRecord<UnitRecord>("ds_units", id.id);
    const unit = record?.value ?? newUnit(subscription, id.path);
    const now = store.now();
    if (unit.state === "claimed" && unit.claim !== undefined && unit.claim.leaseUntil > now) {
      const { holder } = unit.claim;
      const more = { current_holder: holder, generation: unit.generation };
      return refusal("ALREADY_CLAIMED", `${holder} has the lease.`, more);
    }
    if (unit.state === "ready" && (unit.claimableAt ?? Infinity) > now) {
      return nothing({ retry_after_ms: (unit.claimableAt ?? now) - now });
    }
    const { pending } = await loadWork(store, subscription, unit);
    if (pending.length === 0) return nothing();
    const lease = { hash: hashToken(token), leaseUntil: now + subscription.leaseMs, holder: order.worker };
    const next = withDispatch(unit, claimed(unit, lease), {
      wakeId: unit.state === "ready" && unit.wakeId !== undefined ? unit.wakeId : newId("w"),
      nextAt: lease.leaseUntil,
    });
    const value: ClaimResult = {
      wake_id: next.wakeId ?? "",
      generation: next.generation,
      token,
      streams: pending.map(stateOf),
      lease_ttl_ms: subscription.leaseMs,
    };
    return { kind: "commit", operations: [put("ds_units", id.id, next, record?.version ?? 0)], value };
  });
}

export function newUnit({ id, uid }: SubscriptionRecord, path: string | undefined): UnitRecord {
  return { ...IDLE, id, uid, offers: 0, ...(path !== undefined && { path }) };
}

function nothing(more?: Readonly<Record<string, unknown>>): Refusal {
  return refusal("NO_PENDING_WORK", "There is nothing to do.", more);
}

/** Which lease is asked for. Without a stream: the one that has been claimable longest, then any with something new. */
async function chooseUnit(
  { store }: Pick<SubscriptionsContext, "store">,
  subscription: SubscriptionRecord,
  { path }: ClaimOrder,
): Promise<{ readonly id: string; readonly path: string | undefined } | undefined> {
  const { uid, scope } = subscription;
  if (scope === "subscription") return { id: uid, path: undefined };
  if (path !== undefined) return { id: pairId(uid, path), path };
  const [due] = (
    await store.queryRecords<UnitRecord>({
      collection: "ds_units",
      index: "claimable",
      equals: [uid],
      below: store.now() + 1,
      limit: 1,
    })
  ).records;
  if (due !== undefined) return { id: due.id, path: due.value.path };
  const query = { collection: "ds_marks", index: "byUid", equals: [uid], limit: MAX_WORK };
  const marks = await store.queryRecords<MarkRecord>(query);
  const fresh = marks.records.find(({ value }) => value.fresh === true);
  return fresh && { id: fresh.id, path: fresh.value.path };
}

/** Acknowledges and renews the lease; `done` gives it back. All of it in one commit. */
export async function ack(
  context: SubscriptionsContext,
  id: string,
  token: string,
  request: AckRequest,
): Promise<Outcome<AckResult>> {
  const { store } = context;
  return attempt<AckResult>(store, async () => {
    const held = await holding(context, id, token, request);
    if (held.kind === "refused") return held;
    const { subscription, record } = held.value;
    const moves = await planAcks(context, subscription, record.value, request.acks);
    if (moves.kind === "refused") return moves;
    const { operations, reached, moved } = moves.value;
    const now = store.now();
    const unit = moved ? progressed(record.value) : record.value;
    if (!request.done) {
      const leaseUntil = now + subscription.leaseMs;
      const next = withDispatch(record.value, renewed(unit, leaseUntil), { nextAt: leaseUntil });
      const value = { ok: true as const, next_wake: false };
      return { kind: "commit", operations: [...operations, put("ds_units", record.id, next, record.version)], value };
    }
    return end(context, { subscription, record, unit }, { operations, reached });
  });
}

/**
 * Gives the lease back without an acknowledgement: somebody else shall do the work. `failure`: it could not be done;
 * the next offer waits longer, spread by the jitter.
 */
export async function giveBack(
  context: SubscriptionsContext,
  id: string,
  token: string,
  request: AckRequest,
  failure?: Failure,
): Promise<Outcome<undefined>> {
  const ended = await attempt<AckResult>(context.store, async () => {
    const held = await holding(context, id, token, request);
    if (held.kind === "refused") return held;
    const { subscription, record } = held.value;
    return end(context, { subscription, record, unit: record.value }, { operations: [], reached: new Set() }, failure);
  });
  return ended.kind === "refused" ? ended : done(undefined);
}

interface Failure {
  readonly why: string;
  /** What the delay is multiplied with. */
  readonly jitter: number;
}

interface Held {
  readonly subscription: SubscriptionRecord;
  readonly record: StoredRecord<UnitRecord>;
}

/** The claim that a token, a generation and a wake's id stand for, if it holds. */
async function holding(
  { store }: SubscriptionsContext,
  id: string,
  token: string,
  { wake_id, generation }: AckRequest,
): Promise<Outcome<Held>> {
  const subscription = (await store.getRecord<SubscriptionRecord>("ds_subscriptions", id))?.value;
  if (subscription === undefined) return noSubscription(id);
  const query = { collection: "ds_units", index: "byWake", equals: [wake_id], limit: 1 };
  const [record] = (await store.queryRecords<UnitRecord>(query)).records;
  const own = record !== undefined && record.value.uid === subscription.uid ? record : undefined;
  switch (judgeClaim(own?.value, { hash: hashToken(token), generation }, store.now())) {
    case "holds":
      if (own !== undefined) return done({ subscription, record: own });
      return fenced("it is over");
    case "another-secret":
      return refusal("TOKEN_INVALID", "This is not the token of the claim.");
    case "over":
      return fenced("it is over, or somebody else has it");
    case "expired":
      return fenced("its lease ran out");
  }
}

function fenced(why: string): Refusal {
  return refusal("FENCED", `This claim no longer holds: ${why}.`);
}

interface Moves {
  readonly operations: readonly Operation[];
  /** Streams that are dealt with to their end. */
  readonly reached: ReadonlySet<string>;
  readonly moved: boolean;
}

async function planAcks(
  { store, mayLink }: SubscriptionsContext,
  subscription: SubscriptionRecord,
  unit: UnitRecord,
  acks: AckRequest["acks"],
): Promise<Outcome<Moves>> {
  const wanted = new Map<string, number>();
  for (const { stream, path: other, offset } of acks) {
    const name = stream ?? other ?? "";
    const path = pathOf(name, { ...(mayLink && { mayLink }) });
    const position = offset === "-1" ? 0 : parseOffset(offset);
    if (path === undefined || (unit.path !== undefined && path !== unit.path)) return notThis(name);
    if (position === undefined || position < (wanted.get(path) ?? 0))
      return badOffset(name, "is not one that moves on");
    wanted.set(path, position);
  }
  const operations: Operation[] = [];
  const reached = new Set<string>();
  let moved = false;
  for (const [path, position] of wanted) {
    // The mark first: an append behind the end that is read now will have changed it.
    const mark = await store.getRecord<MarkRecord>("ds_marks", pairId(subscription.uid, path));
    const item = await itemOf(store, subscription, path, mark);
    if (item === undefined) return notThis(path);
    if (position > item.stream.head) return badOffset(path, "is behind the stream's end");
    if (position < item.acked) return badOffset(path, "is in front of what was acknowledged before");
    if (position > item.acked) {
      moved = true;
      operations.push(putLink(subscription, item, position));
    }
    if (Math.max(position, item.acked) >= item.stream.head) {
      reached.add(path);
      if (mark !== undefined) operations.push(remove("ds_marks", mark.id, mark.version));
    }
  }
  return done({ operations, reached, moved });
}

function putLink({ uid }: SubscriptionRecord, { path, link, stream }: WorkItem, acked: number): Operation {
  const { id, createdAt } = stream;
  const value: LinkRecord = { uid, path, explicit: link?.value.explicit ?? false, acked, stream: { id, createdAt } };
  return put("ds_links", pairId(uid, path), value, link?.version ?? 0);
}

function notThis(name: string): Refusal {
  return refusal("INVALID_OFFSET", `${name} is not a stream of this claim.`);
}

function badOffset(name: string, what: string): Refusal {
  return refusal("INVALID_OFFSET", `The offset for ${name} ${what}.`);
}

/** The end of a claim: idle, or ready for whoever comes next, when anything is left. */
async function end(
  { store }: SubscriptionsContext,
  { subscription, record, unit }: Held & { readonly unit: ReturnType<typeof progressed> },
  { operations, reached }: Pick<Moves, "operations" | "reached">,
  failure?: Failure,
): Promise<Attempt<AckResult>> {
  const { pending, idle } = await loadWork(store, subscription, record.value, reached.size + 1);
  const empty = idle
    .filter(({ value }) => !reached.has(value.path))
    .map((mark) => remove("ds_marks", mark.id, mark.version));
  const more = pending.some(({ path }) => !reached.has(path));
  const backoff = subscription.type === "webhook" ? OFFER_BACKOFF : HANDLER_BACKOFF;
  const now = store.now();
  const { baseMs, maxMs, free } = backoff;
  const { jitter = 1 } = failure ?? {};
  const next = released(unit, more, now, { baseMs: Math.round(baseMs * jitter), maxMs, free });
  const ended = withDispatch(record.value, next, {
    offers: 0,
    ...(more && { wakeId: newId("w"), nextAt: next.claimableAt ?? now }),
    ...(more && failure && { failure: failure.why }),
  });
  return {
    kind: "commit",
    operations: [...operations, ...empty, put("ds_units", record.id, ended, record.version)],
    value: { ok: true, next_wake: more },
  };
}
