import type { ProducerRow, RecordRow, StreamRow } from "./rows.ts";

/** What a decision may ask. Answers at once: an engine whose rows are elsewhere fetches them before it decides. */
export interface State {
  stream(path: string): StreamRow | undefined;
  producer(streamId: number, producerId: string): ProducerRow | undefined;
  record(collection: string, id: string): RecordRow | undefined;
  /** Bytes of one message of an ephemeral stream. */
  ephemeralSize(streamId: number, position: number): number;
  nextStreamId(): number;
}

/** What decided commits change. `null`: the row goes. */
export interface Changes {
  readonly streams: ReadonlyMap<string, StreamRow | null>;
  readonly producers: ReadonlyMap<number, ReadonlyMap<string, ProducerRow>>;
  readonly records: ReadonlyMap<string, ReadonlyMap<string, RecordRow | null>>;
  /** Messages behind the head as it was, by stream id. */
  readonly appended: ReadonlyMap<number, Appended>;
  /** Ids of the streams whose data goes. Durable ones only have to be remembered. */
  readonly purged: ReadonlySet<number>;
}

export interface Appended {
  readonly start: number;
  readonly messages: readonly Uint8Array[];
}

/**
 * A state with changes laid over it. Dropping it undoes everything; `absorb` takes over the changes of a draft that
 * was made on top of this one, so a group of commits is one draft and every commit in it another.
 */
export class Draft implements State, Changes {
  readonly streams = new Map<string, StreamRow | null>();
  readonly producers = new Map<number, Map<string, ProducerRow>>();
  readonly records = new Map<string, Map<string, RecordRow | null>>();
  readonly appended = new Map<number, { start: number; messages: Uint8Array[] }>();
  readonly purged = new Set<number>();
  readonly #base: State;

  constructor(base: State) {
    this.#base = base;
  }

  stream(path: string): StreamRow | undefined {
    const row = this.streams.get(path);
    return row === undefined ? this.#base.stream(path) : (row ?? undefined);
  }

  producer(streamId: number, producerId: string): ProducerRow | undefined {
    return this.producers.get(streamId)?.get(producerId) ?? this.#base.producer(streamId, producerId);
  }

  record(collection: string, id: string): RecordRow | undefined {
    const row = this.records.get(collection)?.get(id);
    return row === undefined ? this.#base.record(collection, id) : (row ?? undefined);
  }

  ephemeralSize(streamId: number, position: number): number {
    const own = this.appended.get(streamId);
    const message = own && position >= own.start ? own.messages[position - own.start] : undefined;
    return message ? message.byteLength : this.#base.ephemeralSize(streamId, position);
  }

  nextStreamId(): number {
    return this.#base.nextStreamId();
  }

  putStream(row: StreamRow): void {
    this.streams.set(row.path, row);
  }

  putProducer(streamId: number, producerId: string, row: ProducerRow): void {
    const producers = this.producers.get(streamId);
    if (producers) producers.set(producerId, row);
    else this.producers.set(streamId, new Map([[producerId, row]]));
  }

  putRecord(collection: string, id: string, row: RecordRow | null): void {
    const records = this.records.get(collection);
    if (records) records.set(id, row);
    else this.records.set(collection, new Map([[id, row]]));
  }

  append(streamId: number, start: number, messages: readonly Uint8Array[]): void {
    const own = this.appended.get(streamId);
    if (!own) this.appended.set(streamId, { start, messages: [...messages] });
    else for (const message of messages) own.messages.push(message);
  }

  purge(row: StreamRow): void {
    this.streams.set(row.path, null);
    this.appended.delete(row.id);
    this.producers.delete(row.id);
    this.purged.add(row.id);
  }

  absorb(changes: Changes): void {
    for (const id of changes.purged) {
      this.appended.delete(id);
      this.producers.delete(id);
      this.purged.add(id);
    }
    for (const [path, row] of changes.streams) this.streams.set(path, row);
    for (const [id, producers] of changes.producers)
      for (const [producerId, row] of producers) this.putProducer(id, producerId, row);
    for (const [collection, records] of changes.records)
      for (const [id, row] of records) this.putRecord(collection, id, row);
    for (const [id, { start, messages }] of changes.appended) this.append(id, start, messages);
  }
}
