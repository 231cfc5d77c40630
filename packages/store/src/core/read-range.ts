import type { ReadOutcome, ReadRange, StreamMessage } from "../store.ts";
import type { StreamRow } from "./rows.ts";
import { streamInfo } from "./rows.ts";

/** When the caller sets none: no read takes more than this of memory, one large message excepted. */
export const DEFAULT_MAX_BYTES = 4 * 1024 * 1024;

/** A read that can be done: messages of `[low, high)`, from the end that `direction` begins at. */
export interface ReadPlan {
  readonly kind: "plan";
  readonly direction: "forward" | "backward";
  readonly low: number;
  readonly high: number;
  readonly maxBytes: number;
}

/** Positions behind the head are taken as the head. */
export function planRead(row: StreamRow, range: ReadRange): ReadPlan | Extract<ReadOutcome, { kind: "gone" }> {
  const gone = { kind: "gone", first: row.first } as const;
  if (row.deleted) return { kind: "gone", first: row.head };
  const maxBytes = range.maxBytes ?? DEFAULT_MAX_BYTES;
  if ("from" in range) {
    if (range.from < row.first) return gone;
    const low = Math.min(range.from, row.head);
    const high = range.limit === undefined ? row.head : Math.min(row.head, low + range.limit);
    return { kind: "plan", direction: "forward", low, high, maxBytes };
  }
  if ("before" in range && range.before < row.first) return gone;
  const high = "before" in range ? Math.min(range.before, row.head) : row.head;
  const count = "before" in range ? range.limit : range.last;
  return { kind: "plan", direction: "backward", low: Math.max(row.first, high - count), high, maxBytes };
}

/** Collects messages in reading order until a plan's bytes are used up: at least one is taken. */
export class Page {
  readonly #messages: StreamMessage[] = [];
  readonly #plan: ReadPlan;
  #bytes = 0;
  #full = false;

  constructor(plan: ReadPlan) {
    this.#plan = plan;
  }

  get full(): boolean {
    return this.#full;
  }

  /** False when the page is full: the message was not taken. */
  take(position: number, body: Uint8Array): boolean {
    if (this.#messages.length > 0 && this.#bytes + body.byteLength > this.#plan.maxBytes) this.#full = true;
    if (this.#full) return false;
    this.#messages.push({ position, body });
    this.#bytes += body.byteLength;
    return true;
  }

  outcome(row: StreamRow): ReadOutcome {
    const { direction, low, high } = this.#plan;
    const messages = direction === "forward" ? this.#messages : this.#messages.reverse();
    const start = messages[0]?.position ?? (direction === "forward" ? low : high);
    const next = messages.length === 0 ? start : start + messages.length;
    return { kind: "read", stream: streamInfo(row), messages, start, next };
  }
}
