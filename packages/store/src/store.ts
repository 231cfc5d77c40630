/**
 * The one door to everything durable. Two nouns (streams, records) and one verb (`commit`).
 *
 * A stream is an append-only list of messages at a path; a position is the number of messages in front of it.
 * A record is a versioned JSON value in a collection with declared indexes.
 * Invariants, for every implementation (the contract suite in `testing/` holds them to it):
 *  - a commit takes effect whole or not at all, and nothing of it is visible to any reader before it is durable;
 *  - `commit` resolves after the data is synced (ephemeral streams are never synced and never survive a restart);
 *  - messages are kept and given back as the bytes that came;
 *  - positions have no gaps, and the order of positions is the order of visibility.
 */

export interface StoreOptions {
  /** Every collection used, with its indexes. Adding an index to an existing store builds it at start. */
  readonly collections: CollectionDefinitions;
  /** Milliseconds since 1970. The store's clock judges leases and expiry. Default: the system's. */
  readonly now?: () => number;
}

export type CollectionDefinitions = Readonly<Record<string, CollectionDefinition>>;

export interface CollectionDefinition {
  /**
   * Index name → the fields of the value, as dotted paths, that make its key (at most four). A record is in an index
   * when all its fields are strings, numbers or booleans; a field path that ends in `[]` takes each element of an array
   * of scalars, and one in `{}` each `key=value` of an object of strings, so that the record is found under each.
   */
  readonly indexes?: Readonly<Record<string, readonly string[]>>;
}

export interface Store {
  readonly now: () => number;

  /**
   * Applies all operations in order, atomically. Expected failures are outcomes; a rejected promise is a broken store
   * (or a mistake in the calling code: an undeclared collection, a value that is not JSON).
   * The bytes of messages must not be changed until it resolves.
   */
  commit(operations: readonly Operation[]): Promise<CommitOutcome>;

  getStream(path: string): Promise<StreamInfo | undefined>;
  readStream(path: string, range: ReadRange): Promise<ReadOutcome>;
  /** The same messages in runs, as they are kept: who passes a long range on needs no object for each message. */
  readRuns(path: string, range: ReadRange): Promise<RunsOutcome>;
  /** What is known of a producer on a stream: its epoch and last sequence number. */
  getProducer(path: string, producerId: string): Promise<{ epoch: number; seq: number } | undefined>;
  /** Paths in text order. */
  listStreams(query: { prefix: string; after?: string; limit: number }): Promise<StreamInfo[]>;

  getRecord<T = unknown>(collection: string, id: string): Promise<StoredRecord<T> | undefined>;
  queryRecords<T = unknown>(query: RecordQuery): Promise<RecordPage<T>>;

  /**
   * Calls `listener` after every durable change of the named stream (path) or collection. A hint: it may come late,
   * come twice or say more than changed, so re-read. Never called synchronously from `commit`'s caller.
   */
  watchStream(path: string, listener: () => void): () => void;
  watchCollection(collection: string, listener: () => void): () => void;

  /** Ends everything the store owns. Commits in flight are finished first; later calls reject. */
  close(): Promise<void>;
}

// ── streams ─────────────────────────────────────────────────────────────────────────────────────────────────────────

export interface StreamInfo {
  /** With `createdAt` it tells this stream from others that were or will be at the same path. */
  readonly id: number;
  readonly path: string;
  readonly contentType: string;
  /** The next position. */
  readonly head: number;
  /** The oldest position that can be read: above zero on ephemeral streams that dropped messages. */
  readonly first: number;
  readonly closed: boolean;
  /** Deleted while forks need its data: reads and writes answer `gone`. */
  readonly deleted: boolean;
  readonly createdAt: number;
  readonly ttlSeconds?: number;
  /** Absolute, milliseconds: when the stream ceases to be. With a TTL it moves with every access that counts. */
  readonly expiresAt?: number;
  readonly forkedFrom?: { readonly path: string; readonly position: number };
  readonly ephemeral: boolean;
  /** The last `Stream-Seq` accepted. */
  readonly streamSeq?: string;
}

export interface StreamMessage {
  readonly position: number;
  readonly body: Uint8Array;
}

/** Consecutive messages with a comma between each two: what a JSON array of them has between its brackets. */
export interface Run {
  readonly start: number;
  readonly count: number;
  /** Of the messages: 32 bits each, little end first. Of a single message none: it is the whole body. */
  readonly lengths: Uint8Array;
  readonly body: Uint8Array;
  /** The byte behind `body` in its memory is a comma, too: who needs one there has it without a copy. */
  readonly comma: boolean;
}

/**
 * `from`: forwards from a position (inclusive). `before`: backwards, the messages in front of a position, given in
 * stream order. `last`: the newest ones. A position behind the head is taken as the head. `limit` counts messages,
 * `maxBytes` bodies (4 MiB when absent); a read gives at least one message, and may give fewer than `limit`:
 * go on from `next`, or backwards with `before: start`.
 */
export type ReadRange =
  | { readonly from: number; readonly limit?: number; readonly maxBytes?: number }
  | { readonly before: number; readonly limit: number; readonly maxBytes?: number }
  | { readonly last: number; readonly maxBytes?: number };

export type ReadOutcome = (ReadExtent & { readonly messages: readonly StreamMessage[] }) | Unreadable;
export type RunsOutcome = (ReadExtent & { readonly runs: readonly Run[] }) | Unreadable;

export interface ReadExtent {
  readonly kind: "read";
  readonly stream: StreamInfo;
  /** Position of the first message given (of where it would be, when none is). */
  readonly start: number;
  /** Behind the last message given: where to read on. */
  readonly next: number;
}

export type Unreadable =
  | { readonly kind: "not-found" }
  /** The stream is deleted and forks keep its data (`first` is its head), or the range begins below `first`. */
  | { readonly kind: "gone"; readonly first: number };

export interface ProducerStamp {
  readonly id: string;
  readonly epoch: number;
  readonly seq: number;
}

// ── records ─────────────────────────────────────────────────────────────────────────────────────────────────────────

export interface StoredRecord<T = unknown> {
  readonly id: string;
  /** 1 at first, one more with every put. */
  readonly version: number;
  readonly value: T;
}

export type IndexScalar = string | number | boolean;

/**
 * Without `index`: by id, and `equals` and the bounds apply to the id. `equals` fixes the leading fields of the index;
 * the bounds apply to the next field (`from` inclusive, `below` exclusive). Order is index order (booleans, numbers by
 * value, text by code point, then id); `after` is a cursor of a page before.
 */
export interface RecordQuery {
  readonly collection: string;
  readonly index?: string;
  readonly equals?: readonly IndexScalar[];
  readonly from?: IndexScalar;
  readonly below?: IndexScalar;
  readonly descending?: boolean;
  readonly after?: string;
  readonly limit: number;
}

export interface RecordPage<T = unknown> {
  readonly records: readonly StoredRecord<T>[];
  /** Present when there may be more: pass as `after`. */
  readonly next?: string;
}

// ── operations ──────────────────────────────────────────────────────────────────────────────────────────────────────

export type Operation =
  | {
      readonly kind: "create-stream";
      readonly path: string;
      readonly contentType: string;
      readonly ttlSeconds?: number;
      readonly expiresAt?: number;
      readonly closed?: boolean;
      /**
       * Never synced, kept in memory: the newest `maxBytes` stay, and it is gone `idleMs` after the last append.
       * Its positions begin behind those of any earlier stream of this kind at the path, and so not at zero.
       */
      readonly ephemeral?: { readonly maxBytes: number; readonly idleMs: number };
      /** `keep`: an existing stream of the same content type is left as it is; of another: `content-type-mismatch`. */
      readonly ifExists: "fail" | "keep";
    }
  | {
      readonly kind: "append";
      readonly path: string;
      /** May be empty with a producer: then only the producer's state moves (a fence). */
      readonly messages: readonly Uint8Array[];
      readonly producer?: ProducerStamp;
      readonly streamSeq?: string;
      readonly contentType?: string;
      /** Refused unless the stream's head is here. */
      readonly expectedHead?: number;
      /** Closing a closed stream again, without messages and producer, is accepted and changes nothing. */
      readonly close?: boolean;
    }
  /** Ephemeral streams cannot be forked: `stream-not-found`. */
  | {
      readonly kind: "fork-stream";
      readonly path: string;
      readonly from: string;
      /** Default: the parent's head. */
      readonly position?: number;
      readonly ttlSeconds?: number;
      readonly expiresAt?: number;
      readonly closed?: boolean;
      readonly contentType?: string;
    }
  | { readonly kind: "delete-stream"; readonly path: string; readonly ifMissing?: "fail" | "skip" }
  /** Moves the expiry of a stream with a TTL. */
  | { readonly kind: "touch-stream"; readonly path: string }
  | {
      readonly kind: "put-record";
      readonly collection: string;
      readonly id: string;
      readonly value: unknown;
      /** 0: must not exist; n: must be at this version; absent: whatever is there. */
      readonly expectedVersion?: number;
    }
  | {
      readonly kind: "delete-record";
      readonly collection: string;
      readonly id: string;
      readonly expectedVersion?: number;
    }
  /** Changes nothing; the commit is refused unless the record is at this version (0: absent). */
  | {
      readonly kind: "check-record";
      readonly collection: string;
      readonly id: string;
      readonly expectedVersion: number;
    };

export type OperationResult =
  | { readonly kind: "stream"; readonly stream: StreamInfo; readonly created: boolean }
  | { readonly kind: "appended"; readonly stream: StreamInfo; readonly start: number }
  | { readonly kind: "record"; readonly version: number }
  | { readonly kind: "done" };

/** `operation` is the index of the one that was refused. Nothing of the commit took effect. */
export type CommitOutcome =
  | { readonly kind: "committed"; readonly results: readonly OperationResult[] }
  | { readonly kind: "rejected"; readonly operation: number; readonly reason: Rejection };

export type Rejection =
  | { readonly kind: "stream-not-found"; readonly path: string }
  | { readonly kind: "stream-gone"; readonly path: string }
  | { readonly kind: "stream-exists"; readonly stream: StreamInfo }
  | { readonly kind: "stream-closed"; readonly stream: StreamInfo }
  | { readonly kind: "content-type-mismatch"; readonly stream: StreamInfo }
  | { readonly kind: "head-mismatch"; readonly stream: StreamInfo }
  | { readonly kind: "position-out-of-range"; readonly stream: StreamInfo }
  | { readonly kind: "stream-seq-regressed"; readonly current: string }
  /** The same epoch and sequence, or an older sequence, were applied before: the whole commit had taken effect then. */
  | { readonly kind: "producer-duplicate"; readonly epoch: number; readonly seq: number; readonly stream: StreamInfo }
  | { readonly kind: "producer-fenced"; readonly epoch: number }
  | { readonly kind: "producer-gap"; readonly expected: number; readonly received: number }
  /** A new epoch begins at sequence 0. */
  | { readonly kind: "producer-epoch-start"; readonly received: number }
  | { readonly kind: "version-mismatch"; readonly collection: string; readonly id: string; readonly version: number };
