import type {
  DispatchPolicy,
  Entity,
  EntityType,
  Message,
  ObserveSource,
  RunnerLabels,
  PushWants,
  RunRow,
  Share,
  WakeCondition,
} from "@skein/protocol";
import type { CollectionDefinitions } from "@skein/store";
import { SUBSCRIPTION_COLLECTIONS, type Dispatch } from "@skein/streams";
import type { SessionRecord } from "../sessions/session.ts";

/**
 * Every record the server keeps, by collection. What is here is the whole of the server's state besides the streams:
 * nothing that matters lives in a process.
 */
export interface Records {
  types: EntityType;
  entities: EntityRecord;
  wakes: WakeRecord;
  /** A message that came with an idempotency key: `{entity url} {sha256 of the key}`. */
  receipts: ReceiptRecord;
  /** Who is told about whom: `{source url} {subscriber url}`. */
  subscriptions: SubscriptionRecord;
  /** Messages that wait for their time: `{entity url} {key}`. */
  delayed: DelayedRecord;
  /** What an entity observes, and what it is woken for by time: `{entity url} {manifest key}`. */
  observers: ObserverRecord;
  /** Streams that somebody observes, by path: each append to one of them leaves news. */
  observed: ObservedRecord;
  /** Whether an observed stream has grown since somebody looked, by path. Never removed, so that versions only rise. */
  news: NewsRecord;
  /** Where work waits that not every runner of the type may take. */
  lanes: LaneRecord;
  /** Runs that have begun and not ended: `{entity url} {run key}`. */
  runs: OpenRunRecord;
  /** Which shared state an entity declared in its manifest: `{entity url} {resource id}`. */
  links: LinkRecord;
  resources: ResourceRecord;
  /** What is kept beside a session, by its resource. */
  blobs: BlobsRecord;
  runners: RunnerRecord;
  calls: CallRecord;
  sessions: SessionRecord;
  /** Links by which somebody without the server's token may read one session. */
  shares: ShareRecord;
  /** Browsers that are told what waits and what has finished: by the hash of their endpoint. */
  push: PushRecord;
  /** What browsers were told of a session lately, so that one server tells it. */
  pushed: PushedRecord;
  vapid: VapidKeys;
}
export type CollectionName = keyof Records;

export interface EntityRecord extends Omit<Entity, "streams"> {
  readonly typeRevision: number;
  /** What was asked for when it was forked: the same again is answered again. */
  readonly forkRequest?: string;
}

/**
 * One per entity that lives. `claimableAt` is the only thing that makes an entity claimable (a time in the past):
 * when it became ready, or when the lease of its claim ends, so an expired claim needs no janitor. Held entities
 * (paused, stopped) have none.
 */
export interface WakeRecord extends Dispatch {
  readonly entity: string;
  /** Which queue it waits in: that of its type, or a lane (`wakes/lanes.ts`). */
  readonly type: string;
  /** Input in front of this position of the main stream has been dealt with. */
  readonly acked: number;
  /** While it is claimed: messages from here on are not being handled, and may be changed. Absent: all are. */
  readonly taken?: number;
  /** While it is claimed: behind the last change of a message. */
  readonly edited?: number;
  /** The entity whose claim has to end first, and those that wait for this one's, in their order: `waiting.ts`. */
  readonly waitsFor?: string;
  readonly waiters?: readonly string[];
  /** It was given a session by a person, and nobody else takes that until then: `resources/take-over.ts`. */
  readonly reservedUntil?: number;
  /** It has to be offered again when its claim ends, whatever that acknowledges. */
  readonly again?: boolean;
}

export interface DelayedRecord {
  readonly entity: string;
  readonly key: string;
  readonly message: Omit<Message, "at" | "afterMs">;
  /** Who sent it. */
  readonly principal: string;
  readonly at: number;
  readonly requestedAt: number;
  /** Where the receiver's log ended when it was sent: of messages that are due together the earlier one comes first. */
  readonly near: number;
}

export interface PushRecord {
  readonly endpoint: string;
  readonly keys: { readonly p256dh: string; readonly auth: string };
  readonly wants: PushWants;
  readonly principal: string;
  readonly createdAt: number;
  /** In a row. */
  readonly failures: number;
}

export interface PushedRecord {
  readonly keys: readonly string[];
}

export interface VapidKeys {
  readonly publicKey: string;
  readonly privateKey: string;
}

export interface ShareRecord extends Share {
  /** SHA-256 of the secret in the link. */
  readonly tokenHash: string;
}

export interface ObserverRecord {
  readonly subscriber: string;
  readonly key: string;
  readonly source: ObserveSource;
  /** The stream that tells of the source. Schedules have none. */
  readonly path?: string;
  readonly wake?: WakeCondition;
  /** Everything in front of this position of the stream has been told, or is not to be told. */
  readonly cursor: number;
  /** Changes are gathered until then. */
  readonly debounceUntil?: number;
  readonly timeoutAt?: number;
  /** The next tick of a schedule. */
  readonly tickAt?: number;
  /** The first of the three: the due queue. */
  readonly dueAt?: number;
}

export interface ObservedRecord {
  /** Nobody was found who observes it: it goes unless somebody comes. */
  readonly closing?: true;
}

export interface NewsRecord {
  readonly fresh?: true;
}

export interface LaneRecord {
  readonly type: string;
  readonly dispatch: DispatchPolicy;
}

/** `near`: a position of the main stream at or in front of the message, so that finding it again is a short read. */
export interface ReceiptRecord {
  readonly key: string;
  readonly near: number;
}

export interface SubscriptionRecord {
  readonly source: string;
  readonly subscriber: string;
  readonly on: "runFinished";
  readonly includeResponse: boolean;
}

export interface OpenRunRecord {
  readonly entity: string;
  /** A position of the main stream at or in front of the run's first event. */
  readonly near: number;
  readonly row: RunRow;
}

export interface LinkRecord {
  readonly entity: string;
  readonly resource: string;
  readonly mode: "create" | "connect";
}

/** Kept for coding-session resources: `driver` is the one entity that may write. */
export interface ResourceRecord {
  readonly id: string;
  readonly createdBy: string;
  readonly driver: string;
  /** How often the driver has changed. */
  readonly changes?: number;
  /** The resource that it begins with by reference: what is kept beside that one can be read here, too. */
  readonly forkedFrom?: string;
  /** How many resources begin with this one and are there. */
  readonly forks?: number;
  /** It is gone for everybody but its forks. */
  readonly deleted?: boolean;
}

export interface BlobsRecord {
  readonly bytes: number;
  readonly count: number;
}

export interface RunnerRecord {
  readonly id: string;
  readonly types: readonly string[];
  readonly machine?: string;
  readonly labels?: RunnerLabels;
  readonly lastSeenAt: number;
}

export interface CallRecord {
  readonly runner: string;
  readonly method: string;
  readonly params: unknown;
  readonly state: "pending" | "taken" | "answered";
  readonly createdAt: number;
  readonly expiresAt: number;
  readonly answer?:
    | { readonly kind: "result"; readonly result: unknown }
    | { readonly kind: "error"; readonly code: string; readonly message: string; readonly details?: unknown };
}

/** What a preset hands to the store when it opens it. */
export const SERVER_COLLECTIONS = {
  ...SUBSCRIPTION_COLLECTIONS,
  types: {},
  entities: {
    indexes: {
      byCreated: ["createdAt"],
      byType: ["type", "createdAt"],
      byStatus: ["status", "createdAt"],
      byTypeAndStatus: ["type", "status", "createdAt"],
      byParent: ["parent", "createdAt"],
      byTag: ["tags{}", "createdAt"],
    },
  },
  wakes: { indexes: { due: ["type", "claimableAt"], byHolder: ["claim.holder"] } },
  receipts: {},
  subscriptions: { indexes: { bySource: ["source"], bySubscriber: ["subscriber"] } },
  delayed: { indexes: { due: ["at"], byEntity: ["entity"] } },
  observers: { indexes: { due: ["dueAt"], bySource: ["path"], bySubscriber: ["subscriber"] } },
  observed: {},
  news: { indexes: { fresh: ["fresh"] } },
  lanes: {},
  runs: { indexes: { byEntity: ["entity"] } },
  links: { indexes: { byEntity: ["entity"] } },
  resources: {},
  blobs: {},
  runners: { indexes: { bySeen: ["lastSeenAt"] } },
  calls: { indexes: { byRunner: ["runner", "state", "createdAt"], byExpiry: ["expiresAt"] } },
  push: {},
  pushed: {},
  vapid: {},
  shares: { indexes: { bySession: ["session", "createdAt"] } },
  sessions: { indexes: { byActivity: ["lastActivityAt"], byCoder: ["coder"] } },
} as const satisfies CollectionDefinitions & Record<CollectionName, unknown>;

/** The id of a record about two things. Neither part holds a space. */
export function pairId(left: string, right: string): string {
  return `${left} ${right}`;
}
