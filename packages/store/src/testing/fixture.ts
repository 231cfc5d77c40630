import { crc32 } from "node:zlib";
import { expect } from "vitest";
import { withMessages } from "../core/runs.ts";
import type {
  CommitOutcome,
  Operation,
  OperationResult,
  ReadOutcome,
  ReadRange,
  Rejection,
  Store,
  StoreOptions,
  StreamInfo,
} from "../store.ts";

/** What a store's maker gives to the contract suite. */
export interface OpenedStore {
  readonly store: Store;
  /** Durable engines: closes the store and opens it again on the same data. */
  reopen?(): Promise<Store>;
  /** Several servers have the data open at once, so its ephemeral streams outlive each of them. */
  readonly sharesEphemeral?: boolean;
  /** Engines that sweep by themselves: resolves when no stream is left whose time is over. Others do it in a commit. */
  swept?(): Promise<void>;
  /** Closes the store and removes its data. */
  dispose(): Promise<void>;
}
export type StoreFactory = (options: Required<StoreOptions>) => Promise<OpenedStore>;

/** A clock that stands still until it is moved. */
export class TestClock {
  #now = 1_700_000_000_000;
  readonly now = (): number => this.#now;

  advance(ms: number): void {
    this.#now += ms;
  }
}

/** A store under test, and short ways to say what is done to it. Paths are unique, so that tests can share a store. */
export class Fixture {
  readonly store: Store;
  readonly clock: TestClock;
  #names = 0;

  constructor(store: Store, clock: TestClock) {
    this.store = store;
    this.clock = clock;
  }

  /** A name that nothing else has. */
  name(hint = "x"): string {
    return `/${hint}-${++this.#names}`;
  }

  /** Commits what is expected to go through. */
  async commit(...operations: Operation[]): Promise<readonly OperationResult[]> {
    return accepted(await this.store.commit(operations));
  }

  /** Commits what is expected to be refused. */
  async refusal(...operations: Operation[]): Promise<{ operation: number; reason: Rejection }> {
    const outcome = await this.store.commit(operations);
    if (outcome.kind === "committed") throw new Error("The commit was not refused");
    return { operation: outcome.operation, reason: outcome.reason };
  }

  /** A new stream with these messages. */
  async stream(messages: readonly string[] = [], more: Partial<CreateStream> = {}): Promise<string> {
    const path = this.name("stream");
    await this.commit({ ...create(path), ...more }, append(path, ...messages));
    return path;
  }

  async read(path: string, range: ReadRange = { from: 0 }): Promise<Extract<ReadOutcome, { kind: "read" }>> {
    const outcome = await this.store.readStream(path, range);
    // Both forms of a read are of the same messages, whatever is read.
    expect(contentOf(withMessages(await this.store.readRuns(path, range)))).toEqual(contentOf(outcome));
    if (outcome.kind !== "read") throw new Error(`${path} cannot be read: ${outcome.kind}`);
    return outcome;
  }

  async texts(path: string, range?: ReadRange): Promise<string[]> {
    return (await this.read(path, range)).messages.map(({ body }) => decode(body));
  }

  async info(path: string): Promise<StreamInfo> {
    const info = await this.store.getStream(path);
    if (!info) throw new Error(`${path} is not there`);
    return info;
  }
}

/** Comparable at little cost, however long the messages are. */
function contentOf(outcome: ReadOutcome) {
  if (outcome.kind !== "read") return outcome;
  const { messages, ...extent } = outcome;
  return { ...extent, messages: messages.map(({ position, body }) => [position, body.byteLength, crc32(body)]) };
}

type CreateStream = Extract<Operation, { kind: "create-stream" }>;

export function accepted(outcome: CommitOutcome): readonly OperationResult[] {
  if (outcome.kind === "committed") return outcome.results;
  throw new Error(`Refused at ${outcome.operation}: ${JSON.stringify(outcome.reason)}`);
}

export function create(path: string): CreateStream {
  return { kind: "create-stream", path, contentType: "text/plain", ifExists: "fail" };
}

export function append(path: string, ...messages: string[]): Extract<Operation, { kind: "append" }> {
  return { kind: "append", path, messages: messages.map(encode) };
}

/** An append of one message under a producer's stamp. */
export function produce(path: string, message: string, id: string, epoch: number, seq: number) {
  return { ...append(path, message), producer: { id, epoch, seq } };
}

export function fork(path: string, from: string, position?: number): Extract<Operation, { kind: "fork-stream" }> {
  return { kind: "fork-stream", path, from, ...(position !== undefined && { position }) };
}

export function remove(path: string): Extract<Operation, { kind: "delete-stream" }> {
  return { kind: "delete-stream", path };
}

export function put(collection: string, id: string, value: unknown): Extract<Operation, { kind: "put-record" }> {
  return { kind: "put-record", collection, id, value };
}

export function encode(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

export function decode(body: Uint8Array): string {
  return new TextDecoder().decode(body);
}
