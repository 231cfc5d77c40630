import type { CollectionDefinitions, StreamInfo } from "@skein/store";
import type { Dispatch } from "./rules.ts";

/**
 * Everything that subscriptions keep. Nothing of it lives in a process: the index in memory (`interests.ts`) is a fold
 * of `ds_interests`, and timers stand for times that are in the records.
 */
export const SUBSCRIPTION_COLLECTIONS = {
  ds_subscriptions: { indexes: { settle: ["settleAt"] } },
  ds_interests: { indexes: { bySeq: ["seq"], byUid: ["uid"] } },
  ds_links: { indexes: { byUid: ["uid", "path"] } },
  ds_marks: { indexes: { byUid: ["uid"], fresh: ["fresh"] } },
  ds_units: {
    indexes: { due: ["nextAt"], byUid: ["uid"], byWake: ["wakeId"], claimable: ["uid", "claimableAt"] },
  },
  ds_trash: { indexes: { due: ["after"] } },
  ds_keys: {},
  ds_epoch: {},
} as const satisfies CollectionDefinitions;

/** What was asked for, under the id that its owner chose. Changes only with its explicit streams. */
export interface SubscriptionRecord {
  readonly id: string;
  /** Of this life of the id: whatever is left of an earlier one belongs to nobody. */
  readonly uid: string;
  readonly type: "pull-wake" | "webhook";
  /** Whose right the lease is: one for all streams, or one for each, so that they are worked on side by side. */
  readonly scope: "subscription" | "stream";
  /** Of paths in the store. */
  readonly pattern?: string;
  /** Its streams are inboxes of entities: claims are those of the entities themselves. */
  readonly entityType?: string;
  readonly wakeStream?: string;
  readonly webhookUrl?: string;
  readonly leaseMs: number;
  readonly description?: string;
  readonly configHash: string;
  readonly createdAt: number;
  /** Where callbacks go: the address under which it was made. */
  readonly origin: string;
  /** How many streams were named one by one. */
  readonly explicit: number;
  /** When to look once more at everything that it covers: see `settle.ts`. */
  readonly settleAt?: number;
}

/** What the index in memory is made of. Never changed; made with the next number of the epoch. */
export interface InterestRecord {
  readonly seq: number;
  readonly id: string;
  readonly uid: string;
  readonly kind: "path" | "glob";
  readonly text: string;
}

/** `{uid} {path}`: how far a stream has been dealt with. Absent for streams that began later: from their beginning. */
export interface LinkRecord {
  readonly uid: string;
  readonly path: string;
  readonly explicit: boolean;
  readonly acked: number;
  /** Which stream it was: another one at the same path is dealt with from its beginning. */
  readonly stream?: { readonly id: number; readonly createdAt: number };
}

/**
 * `{uid} {path}`: something may lie behind the acknowledged position. Put, unconditionally, by the very commit that
 * appends, and taken away by the acknowledgement that reaches the end, only if no append came in between.
 */
export interface MarkRecord {
  readonly id: string;
  readonly uid: string;
  readonly path: string;
  /** Nobody has looked yet whether the unit has to be woken. */
  readonly fresh?: true;
}

/** `{uid}`, or `{uid} {path}` when each stream has its own lease. */
export interface UnitRecord extends Dispatch {
  readonly id: string;
  readonly uid: string;
  readonly path?: string;
  /** Of the offer or claim that stands. */
  readonly wakeId?: string;
  /** How often this wake was offered. */
  readonly offers: number;
  /** When somebody has to look: to offer, to offer again, or because a lease is over. */
  readonly nextAt?: number;
  /** Why the last offer did not arrive. */
  readonly failure?: string;
}

export interface EpochRecord {
  readonly adds: number;
  readonly removes: number;
}

/** `{uid}`: what it left behind is removed from this time on. */
export interface TrashRecord {
  readonly after: number;
}

export interface KeyRecord {
  readonly kid: string;
  /** PKCS #8, base64. */
  readonly privateKey: string;
  readonly x: string;
}

export function pairId(uid: string, path: string): string {
  return `${uid} ${path}`;
}

export function unitId({ uid, scope }: Pick<SubscriptionRecord, "uid" | "scope">, path: string): string {
  return scope === "subscription" ? uid : pairId(uid, path);
}

/** Where a stream begins for those who have seen nothing of it: a fork's inherited messages are not news. */
export function beginningOf(stream: StreamInfo): number {
  return Math.max(stream.first, stream.forkedFrom?.position ?? 0);
}

export function ackedOf(link: LinkRecord | undefined, stream: StreamInfo): number {
  if (link === undefined) return beginningOf(stream);
  const { stream: known } = link;
  if (known === undefined) return Math.max(link.acked, beginningOf(stream));
  return known.id === stream.id && known.createdAt === stream.createdAt ? link.acked : beginningOf(stream);
}
