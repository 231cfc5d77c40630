import type {
  ChangeEvent,
  Entity,
  EntityTypeRegistration,
  ForkedFrom,
  ForkRequest,
  InboxRow,
  ManifestRow,
  Message,
  RunRow,
  SignalRow,
  SpawnRequest,
  Tags,
  WakeRow,
} from "@skein/protocol";
import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { StreamBatch } from "./client/read-stream.ts";
import type {
  EntityCollectionName,
  Observation,
  ObservedEntity,
  ObservedSchedule,
  ObservedSet,
  ObserveOptions,
} from "./observation.ts";
import type { CronSource, DbSource, EntitiesSource, EntitySource, WakeOn } from "./sources.ts";

/**
 * What a handler sees. Rows are read from memory; writes are applied there at once and sent by `flush`, or by the
 * runner when the handler returns, as one commit over all streams: all of it is durable, or none.
 */

export interface CollectionDefinition<Row = unknown> {
  /** The type of the collection's events in the stream. */
  readonly type: string;
  /** The field of a row that is its key. */
  readonly primaryKey: string;
  readonly schema?: StandardSchemaV1<unknown, Row>;
}
export type StateSchema = Readonly<Record<string, CollectionDefinition>>;
export type RowOf<D> = D extends { readonly schema: StandardSchemaV1<unknown, infer Row> }
  ? Row
  : Record<string, unknown>;

/** A collection of rows folded from a stream. Iterates in the order in which the rows were first inserted in the log. */
export interface ReadonlyCollection<Row> {
  readonly size: number;
  get(key: string): Row | undefined;
  has(key: string): boolean;
  values(): IterableIterator<Row>;
  [Symbol.iterator](): IterableIterator<Row>;
  /** Called after rows changed by others, or by this handler. */
  subscribe(listener: () => void): () => void;
}

/** Validates against the collection's schema at once; a bad row throws `schema_validation_failed`. */
export interface Collection<Row> extends ReadonlyCollection<Row> {
  /** Throws `conflict` if the key exists. */
  insert(row: Row): void;
  upsert(row: Row): void;
  /** Throws `not_found` if it does not. */
  update(key: string, change: (row: Row) => Row): void;
  /** Nothing happens if the row is not there. */
  delete(key: string): void;
}
export type Collections<S extends StateSchema> = { readonly [K in keyof S]: Collection<RowOf<S[K]>> };

/** A shared state: its collections under `.collections`, and by name where the name is free. */
export type SharedState<S extends StateSchema> = Collections<S> & {
  readonly id: string;
  readonly stream: string;
  readonly collections: Collections<S>;
  /** What woke this handler because of it, if it is observed with `wake`. */
  readonly observation: Observation;
  /**
   * Sends deltas to viewers on `{stream}/live`: not durable, never awaited by anybody who reads the history.
   * The handle must have been flushed once (`invalid_request`), for only declared resources are written to.
   */
  live(events: readonly ChangeEvent[]): Promise<void>;
  /**
   * Takes the right to write, where only one entity at a time has it (coding sessions), and keeps it as long as the
   * claim. When it resolves, everything that others wrote before is in the collections. Rejects with `session_in_use`
   * while another has it: the entity is then offered again when that one's claim has ended, once this one ends its own.
   */
  drive(): Promise<void>;
  /**
   * Keeps large content beside a coding session, at `{stream}/blobs/{sha256}`, durable when it resolves: to be awaited
   * before the row that names it is flushed. The same content is kept once. The handle must have been flushed once.
   */
  blob(blob: BlobContent): Promise<void>;
  /**
   * The log as the server has it, page by page and held by nobody: for what is too much to load. Begins at the offset
   * or at the beginning, and ends where the log ended; a stream that is not there yet has no pages.
   */
  log(from?: string): AsyncIterable<Pick<StreamBatch, "events" | "start" | "offset">>;
};

export interface BlobContent {
  /** Of the bytes, in hexadecimal. */
  readonly sha256: string;
  readonly mime: string;
  readonly bytes: Uint8Array;
}

/**
 * What a handle holds in memory of a collection: its rows, only their keys (for large histories: `has`, `size` and
 * `insert` work, reading a row throws `invalid_request`), or nothing (writes only; `insert` cannot see conflicts).
 * What the handler wrote itself is always readable until it is flushed. Default: `all`.
 */
export type Load = "all" | "keys" | "none";
export type LoadOption<S extends StateSchema> = Load | { readonly [K in keyof S]?: Load };

/** Something that the entity was told. */
export type InputEvent =
  | { readonly kind: "message"; readonly row: InboxRow }
  | { readonly kind: "wake"; readonly row: WakeRow }
  | { readonly kind: "signal"; readonly row: SignalRow };

/** A wake of one reason, with the fields that it has. */
export type WakeOf<Reason extends WakeRow["reason"]> = Extract<WakeRow, { reason: Reason }>;

/** Why the handler runs: all that is new since the last acknowledged activation, in the order of the log. */
export interface Wake {
  readonly reason: "spawn" | "message" | "wake" | "signal" | "resume";
  readonly messages: readonly InboxRow[];
  readonly wakes: readonly WakeRow[];
  readonly signals: readonly SignalRow[];
  /** All three in one order. */
  readonly events: readonly InputEvent[];
  /** The wakes by their reasons. */
  readonly finished: readonly WakeOf<"runFinished">[];
  readonly changes: readonly WakeOf<"change">[];
  readonly ticks: readonly WakeOf<"cron">[];
  readonly timeouts: readonly WakeOf<"timeout">[];
  readonly timers: readonly WakeOf<"timer">[];
}

/** A bracket of work that observers are told about. */
export interface RunHandle {
  readonly key: string;
  attachResponse(text: string): void;
  end(outcome: { status: "completed" | "failed"; finishReason?: string; error?: string }): void;
}

/** An entity that this one made. Its answer comes as a wake, never by waiting inside the handler. */
export interface Child {
  readonly url: string;
  send(message: Message): void;
}

export interface SpawnOptions {
  readonly args?: unknown;
  readonly tags?: Tags;
  readonly initialMessage?: Message;
  /** Wake this entity when a run of the child finishes (`true`), or when something else happens to it. */
  readonly wake?: boolean | WakeOn;
  /** Which runners may work on it. Default: what its type says. */
  readonly dispatch?: SpawnRequest["dispatch"];
}

export interface HandlerContext<S extends StateSchema = StateSchema, Args = unknown, Actions = unknown> {
  readonly entity: Entity;
  readonly url: string;
  readonly type: string;
  readonly id: string;
  readonly args: Args;
  /** As they are now: `setTag` and changes made by others while the handler runs show here. */
  readonly tags: Tags;
  /** True until a handler pass of this entity has been committed. Set-up must still be idempotent. */
  readonly firstWake: boolean;
  /** Rises with every claim. */
  readonly generation: number;
  /** Aborts when the claim is lost, the entity is killed or the runner stops. Everything that waits takes it. */
  readonly signal: AbortSignal;

  readonly state: Collections<S>;
  /** What the definition's `actions` made of the state. */
  readonly actions: Actions;
  /** `wake.events`: all that is new, in the order of the log. */
  readonly events: readonly InputEvent[];
  /** What this entity has declared: shared states, children, observations. */
  readonly manifests: ReadonlyCollection<ManifestRow>;
  /** The built-in collections of the entity's stream. */
  readonly db: {
    readonly inbox: ReadonlyCollection<InboxRow>;
    readonly runs: ReadonlyCollection<RunRow>;
    readonly signals: ReadonlyCollection<SignalRow>;
    readonly wakes: ReadonlyCollection<WakeRow>;
    /** The position in the log behind a row of the inbox (wire offset): for durable cursors. */
    offsetOf(inboxKey: string): string | undefined;
  };

  /**
   * Declares and, if need be, makes a shared state, with the next flush. The same id twice gives the same handle;
   * with other collections it throws `conflict`. Rows that others write while the handler runs appear in it.
   */
  mkdb<D extends StateSchema>(id: string, schema: D, options?: { load?: LoadOption<D> }): Promise<SharedState<D>>;
  /**
   * Attaches to a shared state; rejects with `not_found` after `waitMs` (default 5000) if it does not come to be. With
   * `wake` this entity is woken by what others do there, from what was read on; it is declared with the next flush, and
   * holds until it is stopped. Observing the same again, with every wake say, changes nothing.
   */
  observe<D extends StateSchema>(
    source: DbSource<D>,
    options?: ObserveOptions<keyof D & string> & { readonly load?: LoadOption<D> },
  ): Promise<SharedState<D>>;
  /** Reads another entity, and is woken by it. */
  observe<D extends StateSchema>(
    source: EntitySource<D>,
    options?: ObserveOptions<EntityCollectionName<D>>,
  ): Promise<ObservedEntity<D>>;
  /** Lists a set of entities (a thousand at most), and is woken when one joins, changes its tags or leaves. */
  observe(source: EntitiesSource, options?: ObserveOptions<"members">): Promise<ObservedSet>;
  /** Is woken at each tick. Ticks that were missed come as one wake. */
  observe(source: CronSource, options?: { readonly name?: string }): Promise<ObservedSchedule>;

  /**
   * Wakes this entity again after so many milliseconds (or at a time), however often it is woken in between: the
   * handler goes on, and is to return. Durable with the next flush. A sleep of the same name that has not ended yet
   * goes on as it was if it is of the same length, and is replaced otherwise.
   */
  sleep(duration: number | { readonly until: number }, options?: { readonly name?: string }): void;
  /** Ends a sleep early, without a wake. */
  wakeUp(name?: string): void;

  setTag(name: string, value: string): void;
  removeTag(name: string): void;
  recordRun(): RunHandle;
  /** Sent with the next flush, exactly once. */
  send(to: string, message: Message): void;
  /** Makes a child at once (what is buffered is committed first); rejects if it is refused. Idempotent. */
  spawn(type: string, id: string, options?: SpawnOptions): Promise<Child>;

  /**
   * A new entity that begins with what the one at the URL has so far, or this one itself: what is buffered is committed
   * first. Idempotent for the same id and request, so give it an id that follows from the work.
   */
  fork(url: string, request: ForkRequest & { readonly id: string }): Promise<Child>;

  /**
   * Input that arrives while the handler runs; rows that came before the listener are given to it at once. One that
   * answers `true` has dealt with the row: it is acknowledged. Else it comes again in the next pass's `wake`, so that
   * nothing is lost between a handler's last look and its end. The listener must not throw.
   */
  onMessage(listener: (row: InboxRow) => boolean | void): () => void;
  onSignal(listener: (row: SignalRow) => boolean | void): () => void;

  /**
   * Says that a message is being handled from now on, and all those in front of it; those behind it may be edited,
   * moved and taken back by others until they are taken in turn. Answers the message as it is now, or nothing when it
   * was taken back. A handler that takes nothing handles all that is there while it runs.
   */
  take(inboxKey: string): Promise<InboxRow | undefined>;

  /**
   * Commits everything written so far, atomically. Rejects with `fenced` when the claim is lost. Any other refusal
   * (`too_large`, `session_in_use`, …) leaves the writes buffered; if the handler ends with them they are dropped and
   * it counts as failed. A send that cannot be delivered refuses nothing: it becomes an `error` row of the entity.
   */
  flush(): Promise<void>;

  readonly log: (level: "debug" | "info" | "warn" | "error", text: string, fields?: Record<string, unknown>) => void;
}

export interface EntityDefinition<S extends StateSchema = StateSchema, Args = unknown, Actions = unknown> {
  readonly description: string;
  readonly state?: S;
  /** What the handler does with the state, under names: `ctx.actions`. */
  readonly actions?: (state: Collections<S>) => Actions;
  /**
   * How many of the newest rows `ctx.db` holds of each built-in collection, besides all that was not acknowledged
   * before. Absent: all of them, and a cold start reads them all. The log keeps everything in any case.
   */
  readonly remember?: number;
  /**
   * How long a pass may go without a commit, in milliseconds: a handler that hangs is aborted then, has failed with
   * `timed_out`, and its input is not tried again. Absent: as long as it likes, since its claim is kept for it.
   */
  readonly stallMs?: number;
  readonly creationSchema?: StandardSchemaV1<unknown, Args>;
  readonly inboxSchemas?: Readonly<Record<string, StandardSchemaV1>>;
  /** Which runners may work on entities of this type that say nothing else at their spawn. Default: all. */
  readonly dispatch?: SpawnRequest["dispatch"];
  /** With `admit`: entities of which nothing else was said stay with the runner that admitted them (`whenGone`). */
  readonly binds?: EntityTypeRegistration["binds"];
  /** How entities of this type are forked. Absent: they are not. */
  readonly fork?: EntityTypeRegistration["fork"];
  /** Asked before an entity is made, on the machine that would run it. Throw a `SkeinError` to refuse. */
  readonly admit?: (request: {
    readonly id: string;
    readonly args: Args;
    /** Of a fork. */
    readonly forkedFrom?: ForkedFrom;
  }) => Promise<void> | void;
  readonly handler: (ctx: HandlerContext<S, Args, Actions>, wake: Wake) => Promise<void> | void;
}
