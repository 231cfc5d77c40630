import type { ReadRange, Run, RunsOutcome, Unreadable } from "../store.ts";
import type { Span } from "./lineage.ts";
import type { StreamRow } from "./rows.ts";
import { streamInfo } from "./rows.ts";
import { bytesOf, countFitting, cutRun } from "./runs.ts";

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
export function planRead(row: StreamRow, range: ReadRange): ReadPlan | Extract<Unreadable, { kind: "gone" }> {
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

/** Collects runs in reading order until a plan's bytes are used up: at least one message is taken. */
export class Page {
  readonly #runs: Run[] = [];
  readonly #plan: ReadPlan;
  #count = 0;
  #bytes = 0;
  #full = false;

  constructor(plan: ReadPlan) {
    this.#plan = plan;
  }

  get full(): boolean {
    return this.#full;
  }

  /** Takes what still fits. The run goes on where the one before ended, in the direction of reading. */
  take(run: Run): void {
    const forward = this.#plan.direction === "forward";
    const fitting = countFitting(run, this.#plan.maxBytes - this.#bytes, forward);
    this.#full = fitting < run.count;
    const count = Math.max(fitting, this.#count === 0 ? 1 : 0);
    const end = run.start + run.count;
    const part = forward ? cutRun(run, run.start, run.start + count) : cutRun(run, end - count, end);
    if (!part) return;
    this.#runs.push(part);
    this.#count += part.count;
    this.#bytes += bytesOf(part);
  }

  outcome(row: StreamRow): RunsOutcome {
    const { direction, low, high } = this.#plan;
    const runs = direction === "forward" ? this.#runs : this.#runs.reverse();
    const start = runs[0]?.start ?? (direction === "forward" ? low : high);
    return { kind: "read", stream: streamInfo(row), runs, start, next: start + this.#count };
  }
}

/**
 * Takes over what a chunk has of a span that has been read up to `at`; returns up to where it has been read then.
 * `undefined`: the chunk does not go on there.
 */
export function takeChunk(
  chunk: Run,
  { low, high }: Span,
  at: number,
  forward: boolean,
  page: Page,
): number | undefined {
  const part = forward ? cutRun(chunk, at, high) : cutRun(chunk, low, at);
  if (!part || (forward ? part.start !== at : part.start + part.count !== at)) return undefined;
  page.take(part);
  return forward ? part.start + part.count : part.start;
}
