import type { Entity, Message, RunRow, WakeRow } from "@skein/protocol";
import type { ReadonlyCollection, RowOf, StateSchema } from "./context.ts";
import type { BuiltInName, WakeOn } from "./sources.ts";

/** What `ctx.observe` gives: what can be read now, and what it was that woke the handler. */

export interface Observation {
  /** Of its row in the manifest. */
  readonly key: string;
  /** Wakes of this pass that follow from it, in the order of the log. */
  readonly events: readonly WakeRow[];
  /** Takes it back with the next flush: it wakes nobody any more. */
  stop(): void;
}

/** Another entity, read live while the handler runs, and never written to except by messages. */
export interface ObservedEntity<S extends StateSchema> {
  readonly url: string;
  /** As it was when it was observed. */
  readonly record: Entity;
  readonly runs: ReadonlyCollection<RunRow>;
  readonly collections: { readonly [K in keyof S]: ReadonlyCollection<RowOf<S[K]>> };
  readonly observation: Observation;
  /** Sent with the next flush, exactly once. */
  send(message: Message): void;
}

/** A set of entities. Who joins and leaves is told by wakes. */
export interface ObservedSet {
  /** As they were when they were observed, oldest first; changes that come later are told if the set has a wake. */
  readonly entities: readonly Entity[];
  readonly observation: Observation;
}

export interface ObservedSchedule {
  readonly observation: Observation;
}

export interface ObserveOptions<Name extends string> {
  /** Absent: nobody is woken; what can be read is read. */
  readonly wake?: WakeOn<Name>;
  /** Tells observations of one source apart. A later one of the same name replaces an earlier one. */
  readonly name?: string;
  /** How long what is not there yet is waited for. Default 5000. */
  readonly waitMs?: number;
}

export type EntityCollectionName<S extends StateSchema> = (keyof S & string) | BuiltInName;
