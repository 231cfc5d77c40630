import type { State } from "../core/draft.ts";
import type { ProducerRow, RecordRow, StreamRow } from "../core/rows.ts";
import type { Needs } from "./needs.ts";

/**
 * What one group is decided on: the rows that were fetched under its locks. A decision answers at once and cannot
 * wait for the database, so a question about a row that was not fetched ends it: the row is added to what the group
 * needs, and the group begins anew.
 */
export class MissingRow extends Error {
  readonly add: (needs: Needs) => void;

  constructor(what: string, add: (needs: Needs) => void) {
    super(`${what} was not fetched`);
    this.add = add;
  }
}

export interface Fetched {
  /** The database's clock, milliseconds. */
  readonly now: number;
  readonly streams: ReadonlyMap<string, StreamRow>;
  readonly producers: ReadonlyMap<string, ProducerRow>;
  readonly records: ReadonlyMap<string, RecordRow>;
  readonly sizes: ReadonlyMap<number, ReadonlyMap<number, number>>;
  readonly streamIds: readonly number[];
}

export function producerKey(streamId: number, producerId: string): string {
  return `${streamId}/${producerId}`;
}

export function recordKey(collection: string, id: string): string {
  return `${collection}/${id}`;
}

export class GroupState implements State {
  readonly #needs: Needs;
  readonly #fetched: Fetched;
  #taken = 0;

  constructor(needs: Needs, fetched: Fetched) {
    this.#needs = needs;
    this.#fetched = fetched;
  }

  stream(path: string): StreamRow | undefined {
    if (!this.#needs.streams.has(path)) throw new MissingRow(path, (needs) => needs.streams.add(path));
    return this.#fetched.streams.get(path);
  }

  /** Every producer that a commit names was fetched with its stream; a new stream has none. */
  producer(streamId: number, producerId: string): ProducerRow | undefined {
    return this.#fetched.producers.get(producerKey(streamId, producerId));
  }

  record(collection: string, id: string): RecordRow | undefined {
    if (!this.#needs.records.get(collection)?.has(id)) throw new Error(`${collection}/${id} was not fetched`);
    return this.#fetched.records.get(recordKey(collection, id));
  }

  ephemeralSize(streamId: number, position: number): number {
    const sizes = this.#fetched.sizes.get(streamId);
    if (!sizes) throw new MissingRow(`The sizes of stream ${streamId}`, (needs) => needs.sizes.add(streamId));
    return sizes.get(position) ?? 0;
  }

  nextStreamId(): number {
    const id = this.#fetched.streamIds[this.#taken];
    if (id === undefined) throw new MissingRow("An id", (needs) => void needs.newStreams++);
    this.#taken++;
    return id;
  }
}
