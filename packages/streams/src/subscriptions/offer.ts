import type { Operation, Rejection, Store, StoredRecord } from "@skein/store";
import { put } from "./attempt.ts";
import { nameOf } from "./names.ts";
import type { SubscriptionRecord, UnitRecord } from "./records.ts";
import { delayAfter, OFFER_BACKOFF } from "./rules.ts";

const JSON_TYPE = "application/json";
const encoder = new TextEncoder();

export interface Offer {
  /** The subscription as whose work it is offered. */
  readonly id: string;
  readonly generation: number;
  /** A stream with something new. */
  readonly path: string | undefined;
}

/**
 * Tells the workers of a wake stream: an event there, and the time of the next one in case nobody claims. The stream
 * is made when it is missing, so no wake is lost with it.
 */
export async function offerWake(
  store: Store,
  subscription: SubscriptionRecord,
  unit: { readonly value: UnitRecord; readonly version: number; readonly recordId: string },
  offer: Offer,
  more: readonly Operation[] = [],
): Promise<"committed" | "conflict"> {
  const now = store.now();
  const { value, version, recordId } = unit;
  const offers = value.offers + 1;
  const { failure: _, ...rest } = value;
  const next: UnitRecord = { ...rest, offers, nextAt: now + delayAfter(offers, OFFER_BACKOFF) };
  const record = put("ds_units", recordId, next, version);
  const outcome = await store.commit([...more, record, ...wakeOperations(subscription, value, offer, now)]);
  if (outcome.kind === "committed") return "committed";
  if (outcome.reason.kind === "version-mismatch") return "conflict";
  // The wake stream takes nothing: it is closed, or something else. The work can be claimed, and shows why it is quiet.
  const failed: UnitRecord = { ...next, failure: sentence(subscription, outcome.reason) };
  const noted = await store.commit([...more, put("ds_units", recordId, failed, version)]);
  return noted.kind === "committed" ? "committed" : "conflict";
}

function wakeOperations(
  { wakeStream }: SubscriptionRecord,
  unit: UnitRecord,
  { id, generation, path }: Offer,
  now: number,
): Operation[] {
  if (wakeStream === undefined) return [];
  const event = {
    type: "wake",
    subscription_id: id,
    ...(path !== undefined && { stream: nameOf(path) }),
    generation,
    ...(unit.wakeId !== undefined && { wake_id: unit.wakeId }),
    ts: now,
  };
  return [
    { kind: "create-stream", path: wakeStream, contentType: JSON_TYPE, ifExists: "keep" },
    { kind: "append", path: wakeStream, messages: [encoder.encode(JSON.stringify(event))] },
  ];
}

function sentence({ wakeStream }: SubscriptionRecord, reason: Rejection): string {
  return `The wake stream ${nameOf(wakeStream ?? "")} takes no events: ${reason.kind}.`;
}

export function asUnit(record: StoredRecord<UnitRecord>): {
  readonly value: UnitRecord;
  readonly version: number;
  readonly recordId: string;
} {
  return { value: record.value, version: record.version, recordId: record.id };
}
