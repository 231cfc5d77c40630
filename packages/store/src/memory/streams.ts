import type { Changes } from "../core/draft.ts";
import { MessageLog } from "../core/message-log.ts";
import { locate, spansOf } from "../core/lineage.ts";
import { Page, planRead } from "../core/read-range.ts";
import type { ProducerRow, StreamRow } from "../core/rows.ts";
import { visibleRow } from "../core/rows.ts";
import { SortedList } from "../core/sorted-list.ts";
import { textBytes } from "../core/index-keys.ts";
import { singleRun } from "../core/runs.ts";
import type { ReadRange, RunsOutcome } from "../store.ts";

/** Streams in memory: all of them in the memory store, the ephemeral ones in every other. */
export class MemoryStreams {
  readonly #rows = new Map<string, StreamRow>();
  readonly #paths = new SortedList();
  readonly #logs = new Map<number, MessageLog<Uint8Array>>();
  readonly #producers = new Map<number, Map<string, ProducerRow>>();
  /** No stream ends before. */
  #nextExpiry = Number.POSITIVE_INFINITY;

  row(path: string): StreamRow | undefined {
    return this.#rows.get(path);
  }

  producer(streamId: number, producerId: string): ProducerRow | undefined {
    return this.#producers.get(streamId)?.get(producerId);
  }

  messageSize(streamId: number, position: number): number {
    return this.#logs.get(streamId)?.at(position)?.byteLength ?? 0;
  }

  apply(changes: Pick<Changes, "streams" | "producers" | "appended" | "purged">): void {
    for (const id of changes.purged) {
      this.#logs.delete(id);
      this.#producers.delete(id);
    }
    for (const [id, { start, messages }] of changes.appended) {
      const log = this.#logs.get(id) ?? new MessageLog<Uint8Array>(start);
      this.#logs.set(id, log);
      // Copied: what the caller does with its memory afterwards, or how large the block around it is, is not ours.
      for (const message of messages) log.append(new Uint8Array(message));
    }
    for (const [path, row] of changes.streams) this.#putRow(path, row);
    for (const [id, producers] of changes.producers) {
      const known = this.#producers.get(id) ?? new Map<string, ProducerRow>();
      this.#producers.set(id, known);
      for (const [producerId, row] of producers) known.set(producerId, row);
    }
  }

  #putRow(path: string, row: StreamRow | null): void {
    if (!row) {
      this.#rows.delete(path);
      return this.#paths.delete(textBytes(path));
    }
    if (!this.#rows.has(path)) this.#paths.add(textBytes(path));
    this.#rows.set(path, row);
    if (row.expiresAt !== undefined) this.#nextExpiry = Math.min(this.#nextExpiry, row.expiresAt);
    if (row.ephemeral) this.#logs.get(row.id)?.dropBelow(row.first);
  }

  read(path: string, range: ReadRange, now: number): RunsOutcome {
    const row = visibleRow(this.#rows.get(path), now);
    if (!row) return { kind: "not-found" };
    const plan = planRead(row, range);
    if (plan.kind === "gone") return plan;
    const page = new Page(plan);
    const located = locate(row, plan.low, plan.high);
    for (const { stream, low, high } of spansOf(located, plan.direction, (name) => this.#rows.get(name))) {
      if (page.full) break;
      if (plan.direction === "forward") for (let at = low; at < high && this.#take(page, stream, at);) at++;
      else for (let at = high - 1; at >= low && this.#take(page, stream, at);) at--;
    }
    return page.outcome(row);
  }

  #take(page: Page, stream: number, position: number): boolean {
    const body = this.#logs.get(stream)?.at(position);
    if (!body) throw new Error(`Message ${position} of stream ${stream} is missing`);
    page.take(singleRun(position, body));
    return !page.full;
  }

  /** Rows that can be seen now, by path. */
  list(query: { prefix: string; after?: string; limit: number }, now: number): StreamRow[] {
    const prefix = textBytes(query.prefix);
    const after = query.after === undefined ? "" : `${textBytes(query.after)}\0`;
    let low = after > prefix ? after : prefix;
    const rows: StreamRow[] = [];
    while (rows.length < query.limit) {
      const [next, ...rest] = this.#paths.range(low, `${prefix}\xff`, query.limit);
      if (next === undefined) break;
      for (const bytes of [next, ...rest]) {
        const row = visibleRow(this.#rows.get(Buffer.from(bytes, "latin1").toString("utf8")), now);
        if (row && !row.deleted && rows.length < query.limit) rows.push(row);
        low = `${bytes}\0`;
      }
    }
    return rows;
  }

  /** Some of the streams whose time is over. Looks through all of them only when one may have come to its end. */
  expired(now: number, limit: number): StreamRow[] {
    if (now < this.#nextExpiry) return [];
    const expired: StreamRow[] = [];
    let next = Number.POSITIVE_INFINITY;
    for (const row of this.#rows.values()) {
      if (row.expiresAt === undefined || row.deleted) continue;
      if (row.expiresAt <= now && expired.length < limit) expired.push(row);
      else next = Math.min(next, row.expiresAt);
    }
    this.#nextExpiry = next;
    return expired;
  }
}
