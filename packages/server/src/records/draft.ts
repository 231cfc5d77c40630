import { DIRECTORY_STREAM, type ChangeEvent } from "@skein/protocol";
import type { Operation, OperationResult, ProducerStamp, StreamInfo } from "@skein/store";
import type { CollectionName, Records } from "./collections.ts";
import type { Snapshot } from "./snapshot.ts";

export const JSON_TYPE = "application/json";
/** The directory's tail is a hint for those who listed before: short and never synced. */
const DIRECTORY = { maxBytes: 1024 * 1024, idleMs: 60 * 60 * 1000 };

/**
 * A commit in the making: plain bookkeeping over a snapshot, nothing is awaited and nothing is written. Several parts
 * of one commit may touch the same record or stream: each reads what the one before it wrote, and the outcome is one
 * operation per record and one append per stream.
 */
export interface Draft {
  /** As it will be after this commit. */
  read<C extends CollectionName>(collection: C, id: string): Records[C] | undefined;
  /** Expects the record to be as it was in the snapshot when it is committed. */
  write<C extends CollectionName>(collection: C, id: string, value: Records[C]): void;
  /** A record that needs no look: one under a new, unique id, or one that is the same whoever writes it. */
  put<C extends CollectionName>(collection: C, id: string, value: Records[C]): void;
  remove(collection: CollectionName, id: string): void;
  /** The commit holds only while the record is as it was in the snapshot. */
  check(collection: CollectionName, id: string): void;

  createStream(path: string, options: { readonly ifExists: "fail" | "keep" }): void;
  /** Makes a stream that begins with another's messages in front of a position, by reference. */
  forkStream(path: string, from: { readonly path: string; readonly position: number }): void;
  append(path: string, events: readonly ChangeEvent[]): void;
  /** What this commit appends to a stream so far. */
  events(path: string): readonly ChangeEvent[];
  fence(path: string, stamp: { readonly producer?: ProducerStamp; readonly expectedHead?: number }): void;
  closeStream(path: string): void;
  /** Tells those who follow the directory. */
  announce(event: ChangeEvent): void;

  build(): DraftCommit;
}

export interface DraftCommit {
  readonly operations: readonly Operation[];
  /** Where an append went, read from the commit's results. */
  appended(path: string, results: readonly OperationResult[]): { readonly start: number; readonly stream: StreamInfo };
  readonly paths: readonly string[];
}

interface StreamDraft {
  create?: "fail" | "keep";
  fork?: { readonly path: string; readonly position: number };
  readonly events: ChangeEvent[];
  producer?: ProducerStamp;
  expectedHead?: number;
  close?: boolean;
}

const encoder = new TextEncoder();

export function createDraft(snapshot: Snapshot): Draft {
  const streams = new Map<string, StreamDraft>();
  const announced: ChangeEvent[] = [];
  const records = new Map<string, Operation>();
  const values = new Map<string, unknown>();

  const stream = (path: string): StreamDraft => {
    const known = streams.get(path) ?? { events: [] };
    streams.set(path, known);
    return known;
  };
  const name = (collection: string, id: string): string => `${collection} ${id}`;
  const version = (collection: CollectionName, id: string): number => snapshot.get(collection, id)?.version ?? 0;

  return {
    read(collection, id) {
      const key = name(collection, id);
      // Only `write` and `remove` put values here, under the collection's own key.
      if (values.has(key)) return values.get(key) as Records[typeof collection] | undefined;
      return snapshot.get(collection, id)?.value;
    },
    write(collection, id, value) {
      values.set(name(collection, id), value);
      const expectedVersion = version(collection, id);
      records.set(name(collection, id), { kind: "put-record", collection, id, value, expectedVersion });
    },
    put(collection, id, value) {
      records.set(name(collection, id), { kind: "put-record", collection, id, value });
    },
    remove(collection, id) {
      values.set(name(collection, id), undefined);
      const expectedVersion = version(collection, id);
      if (expectedVersion === 0)
        records.set(name(collection, id), { kind: "check-record", collection, id, expectedVersion });
      else records.set(name(collection, id), { kind: "delete-record", collection, id, expectedVersion });
    },
    check(collection, id) {
      if (records.has(name(collection, id))) return;
      const expectedVersion = version(collection, id);
      records.set(name(collection, id), { kind: "check-record", collection, id, expectedVersion });
    },
    createStream(path, { ifExists }) {
      stream(path).create = ifExists;
    },
    forkStream(path, from) {
      stream(path).fork = from;
    },
    append(path, events) {
      stream(path).events.push(...events);
    },
    events: (path) => streams.get(path)?.events ?? [],
    fence(path, stamp) {
      Object.assign(stream(path), stamp);
    },
    closeStream(path) {
      stream(path).close = true;
    },
    announce(event) {
      announced.push(event);
    },
    build: () => build(streams, records, announced),
  };
}

function build(
  streams: ReadonlyMap<string, StreamDraft>,
  records: ReadonlyMap<string, Operation>,
  announced: readonly ChangeEvent[],
): DraftCommit {
  const operations: Operation[] = [];
  const appends = new Map<string, number>();
  for (const [path, draft] of streams) {
    if (draft.fork)
      operations.push({ kind: "fork-stream", path, from: draft.fork.path, position: draft.fork.position });
    if (draft.create) operations.push({ kind: "create-stream", path, contentType: JSON_TYPE, ifExists: draft.create });
    if (draft.events.length === 0 && !draft.producer && !draft.close) continue;
    appends.set(path, operations.length);
    operations.push({
      kind: "append",
      path,
      messages: draft.events.map(encodeEvent),
      ...(draft.producer && { producer: draft.producer }),
      ...(draft.expectedHead !== undefined && { expectedHead: draft.expectedHead }),
      ...(draft.close && { close: true }),
    });
  }
  operations.push(...records.values());
  if (announced.length > 0) {
    operations.push(createDirectory(), {
      kind: "append",
      path: DIRECTORY_STREAM,
      messages: announced.map(encodeEvent),
    });
  }
  return {
    operations,
    paths: [...appends.keys()],
    appended(path, results) {
      const result = results[appends.get(path) ?? -1];
      if (result?.kind !== "appended") throw new Error(`This commit appends nothing to ${path}.`);
      return { start: result.start, stream: result.stream };
    },
  };
}

export function createDirectory(): Operation {
  return {
    kind: "create-stream",
    path: DIRECTORY_STREAM,
    contentType: JSON_TYPE,
    ephemeral: DIRECTORY,
    ifExists: "keep",
  };
}

export function encodeEvent(event: ChangeEvent): Uint8Array {
  return encoder.encode(JSON.stringify(event));
}
