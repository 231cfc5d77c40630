import type { Operation } from "../../store.ts";
import { decode } from "../fixture.ts";

/**
 * What a store does, as simply as it can be said: forks copy, an index is a filter and a sort, a refused commit is
 * undone by putting the old state back. Shares nothing with the engines.
 */
export interface ModelStream {
  readonly path: string;
  readonly contentType: string;
  readonly ephemeral: { maxBytes: number; idleMs: number } | undefined;
  readonly parent: ModelStream | undefined;
  readonly base: number;
  readonly messages: string[];
  readonly producers: Map<string, { epoch: number; seq: number }>;
  first: number;
  closed: boolean;
  deleted: boolean;
  forks: number;
  ttlSeconds: number | undefined;
  expiresAt: number | undefined;
  streamSeq: string | undefined;
}
export interface ModelValue {
  readonly group: string;
  readonly rank: number;
}
interface ModelRecord {
  readonly version: number;
  readonly value: ModelValue;
}
interface State {
  readonly streams: Map<string, ModelStream>;
  readonly records: Map<string, ModelRecord>;
}

export interface ModelQuery {
  readonly group: string;
  readonly from?: number;
  readonly below?: number;
  readonly descending?: boolean;
}

/** `committed`, or the index and the kind of the refusal. */
export type ModelOutcome = "committed" | `${number} ${string}`;

class Refused extends Error {}

export class Model {
  #state: State = { streams: new Map(), records: new Map() };
  now: number;

  constructor(now: number) {
    this.now = now;
  }

  get streams(): ReadonlyMap<string, ModelStream> {
    return this.#state.streams;
  }
  get records(): ReadonlyMap<string, ModelRecord> {
    return this.#state.records;
  }

  commit(operations: readonly Operation[]): ModelOutcome {
    this.sweep();
    const before = structuredClone(this.#state);
    for (const [index, operation] of operations.entries()) {
      try {
        this.#apply(operation);
      } catch (error) {
        if (!(error instanceof Refused)) throw error;
        this.#state = before;
        return `${index} ${error.message}`;
      }
    }
    return "committed";
  }

  sweep(): void {
    for (const stream of this.#state.streams.values())
      if (!stream.deleted && stream.expiresAt !== undefined && stream.expiresAt <= this.now) this.#remove(stream);
  }

  /** What a restart takes. */
  forgetEphemeral(): void {
    for (const stream of this.#state.streams.values()) if (stream.ephemeral) this.#state.streams.delete(stream.path);
  }

  /** Ids in the order of an index of `things`. */
  query({ group, from, below, descending }: ModelQuery): string[] {
    const rows = [...this.#state.records].flatMap(([id, { value }]) => {
      if (value.group !== group) return [];
      const inside = (from === undefined || value.rank >= from) && (below === undefined || value.rank < below);
      return inside ? [{ id, rank: value.rank }] : [];
    });
    rows.sort((x, y) => x.rank - y.rank || (x.id < y.id ? -1 : 1));
    return (descending ? rows.reverse() : rows).map(({ id }) => id);
  }

  #apply(operation: Operation): void {
    switch (operation.kind) {
      case "create-stream":
        return this.#create(operation);
      case "append":
        return this.#append(operation);
      case "fork-stream":
        return this.#fork(operation);
      case "delete-stream":
        if (operation.ifMissing === "skip" && !this.#usable(operation.path)) return;
        return this.#remove(this.#find(operation.path));
      case "touch-stream": {
        const stream = this.#find(operation.path);
        if (stream.ttlSeconds !== undefined) stream.expiresAt = this.now + stream.ttlSeconds * 1000;
        return;
      }
      case "put-record": {
        const version = this.#checkVersion(operation.id, operation.expectedVersion);
        if (!isModelValue(operation.value)) throw new TypeError("Not a value of this model");
        this.#state.records.set(operation.id, { version: version + 1, value: operation.value });
        return;
      }
      case "delete-record":
        this.#checkVersion(operation.id, operation.expectedVersion);
        this.#state.records.delete(operation.id);
        return;
      case "check-record":
        this.#checkVersion(operation.id, operation.expectedVersion);
        return;
    }
  }

  #checkVersion(id: string, expected: number | undefined): number {
    const version = this.#state.records.get(id)?.version ?? 0;
    if (expected !== undefined && expected !== version) throw new Refused("version-mismatch");
    return version;
  }

  #usable(path: string): boolean {
    return this.#state.streams.get(path)?.deleted === false;
  }

  #find(path: string): ModelStream {
    const stream = this.#state.streams.get(path);
    if (!stream) throw new Refused("stream-not-found");
    if (stream.deleted) throw new Refused("stream-gone");
    return stream;
  }

  #add(stream: Pick<ModelStream, "path" | "contentType"> & Partial<ModelStream>): void {
    this.#state.streams.set(stream.path, {
      ephemeral: undefined,
      parent: undefined,
      base: 0,
      messages: [],
      producers: new Map(),
      first: 0,
      closed: false,
      deleted: false,
      forks: 0,
      ttlSeconds: undefined,
      expiresAt: undefined,
      streamSeq: undefined,
      ...stream,
    });
  }

  #create(operation: Extract<Operation, { kind: "create-stream" }>): void {
    const { path, contentType, ttlSeconds, ephemeral, closed = false } = operation;
    const there = this.#state.streams.get(path);
    if (there?.deleted) throw new Refused("stream-gone");
    if (there) {
      if (operation.ifExists === "fail") throw new Refused("stream-exists");
      if (there.contentType !== contentType) throw new Refused("content-type-mismatch");
      return;
    }
    const base = ephemeral ? this.now * 1000 : 0;
    const idle = ephemeral ? this.now + ephemeral.idleMs : undefined;
    this.#add({
      path,
      contentType,
      closed,
      ephemeral,
      base,
      first: base,
      ttlSeconds: ephemeral ? undefined : ttlSeconds,
      expiresAt: idle ?? (ttlSeconds === undefined ? undefined : this.now + ttlSeconds * 1000),
    });
  }

  #append(operation: Extract<Operation, { kind: "append" }>): void {
    const { producer, streamSeq, expectedHead, close = false } = operation;
    const stream = this.#find(operation.path);
    const known = producer && stream.producers.get(producer.id);
    const bare = operation.messages.length === 0 && close && !producer;
    if (stream.closed && bare) return;
    if (operation.contentType !== undefined && operation.contentType !== stream.contentType)
      throw new Refused("content-type-mismatch");
    if (producer && known && producer.epoch < known.epoch) throw new Refused("producer-fenced");
    if (producer && known && producer.epoch === known.epoch && producer.seq <= known.seq)
      throw new Refused("producer-duplicate");
    if (stream.closed) throw new Refused("stream-closed");
    if (producer && known && producer.epoch > known.epoch && producer.seq > 0)
      throw new Refused("producer-epoch-start");
    if (producer && known?.epoch === producer.epoch && producer.seq > known.seq + 1) throw new Refused("producer-gap");
    if (producer && !known && producer.seq > 0) throw new Refused("producer-gap");
    if (streamSeq !== undefined && stream.streamSeq !== undefined && streamSeq <= stream.streamSeq)
      throw new Refused("stream-seq-regressed");
    if (expectedHead !== undefined && expectedHead !== headOf(stream)) throw new Refused("head-mismatch");

    if (producer) stream.producers.set(producer.id, { epoch: producer.epoch, seq: producer.seq });
    stream.messages.push(...operation.messages.map(decode));
    stream.streamSeq = streamSeq ?? stream.streamSeq;
    stream.closed ||= close;
    if (stream.ttlSeconds !== undefined) stream.expiresAt = this.now + stream.ttlSeconds * 1000;
    if (!stream.ephemeral) return;
    stream.expiresAt = this.now + stream.ephemeral.idleMs;
    while (visible(stream).join("").length > stream.ephemeral.maxBytes) stream.first++;
  }

  #fork(operation: Extract<Operation, { kind: "fork-stream" }>): void {
    const parent = this.#find(operation.from);
    if (parent.ephemeral) throw new Refused("stream-not-found");
    const there = this.#state.streams.get(operation.path);
    if (there) throw new Refused(there.deleted ? "stream-gone" : "stream-exists");
    const position = operation.position ?? parent.messages.length;
    if (position > parent.messages.length) throw new Refused("position-out-of-range");
    const ttlSeconds = operation.ttlSeconds ?? parent.ttlSeconds;
    parent.forks++;
    this.#add({
      path: operation.path,
      contentType: parent.contentType,
      parent,
      messages: parent.messages.slice(0, position),
      ttlSeconds,
      expiresAt: ttlSeconds === undefined ? parent.expiresAt : this.now + ttlSeconds * 1000,
    });
  }

  #remove(stream: ModelStream): void {
    if (stream.forks > 0) {
      stream.deleted = true;
      return;
    }
    this.#state.streams.delete(stream.path);
    const { parent } = stream;
    if (!parent) return;
    parent.forks--;
    if (parent.deleted && parent.forks === 0) this.#remove(parent);
  }
}

function isModelValue(value: unknown): value is ModelValue {
  return typeof value === "object" && value !== null && "group" in value && "rank" in value;
}

export function headOf(stream: ModelStream): number {
  return stream.base + stream.messages.length;
}

/** The messages that can be read. */
export function visible(stream: ModelStream): string[] {
  return stream.messages.slice(stream.first - stream.base);
}
