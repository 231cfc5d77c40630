import type { Chunk } from "../core/chunks.ts";
import type { ProducerRow, RecordRow, StreamRow } from "../core/rows.ts";

/**
 * Everything durable in a store, at one moment, in an order that does not depend on the engine: streams by id, chunks
 * by position, the rest by the bytes of their names. Indexes are not in it: they follow from the records.
 */
export interface StoreContent {
  streams(): AsyncIterable<StreamRow>;
  /** By stream id. */
  chunks(): AsyncIterable<Chunk & { readonly stream: number }>;
  producers(): AsyncIterable<ProducerRow & { readonly stream: number; readonly producer: string }>;
  records(): AsyncIterable<RecordRow & { readonly collection: string; readonly id: string }>;
}
