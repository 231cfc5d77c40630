import type { RunsOutcome, Store, StreamInfo } from "@skein/store";
import { Batch } from "./batch.ts";
import { modeOf } from "./content-type.ts";

/**
 * One stream's live end in this process: the only one that follows the store on behalf of all live readers.
 *
 * Invariants:
 *  - what readers get was read from the store after it was durable; a hint of the store only says "read again";
 *  - each new message is read once and kept for a moment, in batches that all readers share;
 *  - readers pull. One that is slow holds nothing here: it finds its place in the recent batches, or is `behind`
 *    and reads the store on its own until it has caught up.
 */
export type LiveEvent =
  | { readonly kind: "batch"; readonly batch: Batch; readonly upToDate: boolean; readonly closed: boolean }
  /** The position is in front of what is kept here: read the store. */
  | { readonly kind: "behind" }
  /** The stream ends for ever at the position. */
  | { readonly kind: "closed" }
  /** Deleted, expired, or another stream by now. */
  | { readonly kind: "gone" }
  /** Nothing yet, but the reader was nudged. */
  | { readonly kind: "idle" };

export interface LiveReader {
  /** What comes at `position`, as soon as there is something; `undefined` once the reader has left. */
  next(position: number): Promise<LiveEvent | undefined>;
  /** What is there at `position` already. */
  peek(position: number): LiveEvent | undefined;
  /** Answers a pending `next` with `idle`. */
  nudge(): void;
  /** Ends a pending `next`. Idempotent. */
  leave(): void;
}

const RECENT_BYTES = 256 * 1024;
const RECENT_BATCHES = 128;
const READ_BYTES = 256 * 1024;

export class Channel {
  readonly #store: Store;
  readonly #path: string;
  readonly #onIdle: () => void;
  readonly #readers = new Set<Member>();
  readonly #unwatch: () => void;
  #stream: StreamInfo;
  #tail: number;
  #recent: Batch[] = [];
  #recentBytes = 0;
  #state: { kind: "live" } | { kind: "gone" } | { kind: "broken"; error: unknown } = { kind: "live" };
  #pumping = false;
  #hinted = false;
  #idle = false;

  /** `stream` was read before; whatever was appended since is found by the first pump. */
  constructor(store: Store, stream: StreamInfo, onIdle: () => void) {
    this.#store = store;
    this.#path = stream.path;
    this.#stream = stream;
    this.#tail = stream.head;
    this.#onIdle = onIdle;
    this.#unwatch = store.watchStream(stream.path, () => this.#hint());
    this.#hint();
  }

  isOf(stream: StreamInfo): boolean {
    return isSameStream(stream, this.#stream);
  }

  join(): LiveReader {
    const member = new Member(this);
    this.#readers.add(member);
    return member;
  }

  drop(member: Member): void {
    if (this.#readers.delete(member) && this.#readers.size === 0) this.#rest();
  }

  /** What there is for a reader at `position` now; `undefined`: it has to wait. */
  peek(position: number): LiveEvent | undefined {
    if (this.#state.kind === "broken") throw this.#state.error;
    if (this.#state.kind === "gone") return { kind: "gone" };
    if (position === this.#tail) return this.#stream.closed ? { kind: "closed" } : undefined;
    if (position > this.#tail) {
      // The reader has read the store since: what it saw is there to be found.
      this.#hint();
      return undefined;
    }
    const batch = this.#recent.find((candidate) => candidate.start === position);
    if (batch === undefined) return { kind: "behind" };
    const upToDate = batch.next === this.#tail;
    return { kind: "batch", batch, upToDate, closed: upToDate && this.#stream.closed };
  }

  #hint(): void {
    this.#hinted = true;
    if (!this.#pumping) void this.#pump();
  }

  async #pump(): Promise<void> {
    this.#pumping = true;
    try {
      while (this.#hinted && this.#state.kind === "live" && !this.#idle) {
        this.#hinted = false;
        const outcome = await this.#store.readRuns(this.#path, { from: this.#tail, maxBytes: READ_BYTES });
        this.#take(outcome);
        this.#wakeAll();
      }
    } catch (error) {
      this.#state = { kind: "broken", error };
      this.#rest();
      this.#wakeAll();
    } finally {
      this.#pumping = false;
    }
  }

  #wakeAll(): void {
    for (const reader of this.#readers) reader.wake();
  }

  /** Follows the store no longer; who comes from now on gets another channel. */
  #rest(): void {
    if (this.#idle) return;
    this.#idle = true;
    this.#unwatch();
    this.#onIdle();
  }

  #take(outcome: RunsOutcome): void {
    if (outcome.kind !== "read" || !this.#isSame(outcome.stream)) {
      this.#state = { kind: "gone" };
      this.#rest();
      return;
    }
    this.#stream = outcome.stream;
    if (outcome.runs.length === 0) return;
    const batch = new Batch(modeOf(outcome.stream.contentType), outcome.runs, outcome.start, outcome.next);
    this.#recent.push(batch);
    this.#recentBytes += batch.bytes;
    this.#tail = batch.next;
    if (batch.next < outcome.stream.head) this.#hinted = true;
    while (this.#recentBytes > RECENT_BYTES || this.#recent.length > RECENT_BATCHES) {
      const oldest = this.#recent.length > 1 ? this.#recent.shift() : undefined;
      if (oldest === undefined) return;
      this.#recentBytes -= oldest.bytes;
    }
  }

  /** A stream only grows: a shorter one is another one at the same path. */
  #isSame(stream: StreamInfo): boolean {
    return isSameStream(stream, this.#stream) && stream.head >= this.#tail;
  }
}

function isSameStream(a: StreamInfo, b: StreamInfo): boolean {
  return a.id === b.id && a.createdAt === b.createdAt;
}

/** A reader's place in the set, and its wait. */
class Member implements LiveReader {
  readonly #channel: Channel;
  #left = false;
  #nudged = false;
  #wake: (() => void) | undefined;

  constructor(channel: Channel) {
    this.#channel = channel;
  }

  async next(position: number): Promise<LiveEvent | undefined> {
    while (!this.#left) {
      const event = this.#channel.peek(position);
      if (event !== undefined) return event;
      this.#nudged = false;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      if (this.#nudged && !this.#left) return { kind: "idle" };
    }
    return undefined;
  }

  nudge(): void {
    this.#nudged = true;
    this.wake();
  }

  peek(position: number): LiveEvent | undefined {
    return this.#channel.peek(position);
  }

  wake(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }

  leave(): void {
    if (this.#left) return;
    this.#left = true;
    this.wake();
    this.#channel.drop(this);
  }
}
