import type pg from "pg";
import { SkeinError } from "@skein/protocol";
import type { StoreEvent } from "../core/observe.ts";
import type { PreparedOperation } from "../core/operation.ts";
import { touchedBy, type Touched } from "../core/touched.ts";
import type { CommitOutcome } from "../store.ts";
import { createConnection, type PostgresAddress } from "./connect.ts";
import { noticeOf } from "./hints.ts";
import type { IndexTables } from "./schema.ts";
import { commitGroup, groupSize } from "./writer.ts";

/** What may wait; beyond it commits are refused instead of filling the memory. */
const MAX_WAITING = 100_000;
const MAX_WAITING_BYTES = 256 * 1024 * 1024;

interface Waiting {
  readonly operations: readonly PreparedOperation[];
  readonly sweep?: readonly string[];
  readonly bytes: number;
  resolve(outcome: CommitOutcome): void;
  reject(error: unknown): void;
}

interface Dependencies {
  readonly address: PostgresAddress;
  readonly indexes: IndexTables;
  /** Names this server in its notifications. */
  readonly self: string;
  /** Instead of the database's clock. */
  readonly now: (() => number) | undefined;
  readonly onGroup: (touched: Touched, now: number) => void;
  /** Told of every group of commits. */
  readonly observe: ((event: StoreEvent) => void) | undefined;
}

/**
 * One connection that writes. While a group is on its way the next one gathers, so the cost of a transaction and of
 * its sync is shared by all who wait; the order of commits of one caller is the order in which they were made.
 */
export class CommitQueue {
  readonly #deps: Dependencies;
  #client: pg.Client | undefined;
  #waiting: Waiting[] = [];
  #bytes = 0;
  #running: Promise<void> | undefined;

  constructor(deps: Dependencies) {
    this.#deps = deps;
  }

  commit(operations: readonly PreparedOperation[], sweep?: readonly string[]): Promise<CommitOutcome> {
    const bytes = sizeOf(operations);
    if (this.#waiting.length >= MAX_WAITING || this.#bytes + bytes > MAX_WAITING_BYTES)
      return Promise.reject(new SkeinError("unavailable", "The store has too much to write; try again"));
    this.#bytes += bytes;
    const outcome = new Promise<CommitOutcome>((resolve, reject) => {
      this.#waiting.push({ operations, ...(sweep && { sweep }), bytes, resolve, reject });
    });
    this.#running ??= this.#run();
    return outcome;
  }

  async close(): Promise<void> {
    await this.#running;
    await this.#client?.end().catch(() => undefined);
  }

  async #run(): Promise<void> {
    // Those who call in this turn of the event loop go together.
    await new Promise((resolve) => setImmediate(resolve));
    while (this.#waiting.length > 0) {
      const group = this.#waiting.splice(0, groupSize(this.#waiting));
      await this.#commitGroup(group);
      for (const { bytes } of group) this.#bytes -= bytes;
    }
    this.#running = undefined;
  }

  async #commitGroup(group: readonly Waiting[]): Promise<void> {
    const { indexes, self, onGroup, observe, now: clock } = this.#deps;
    let touched: Touched = { streams: new Set(), collections: new Set() };
    try {
      const { outcomes, now, written, times } = await commitGroup(
        () => this.#connect(),
        group,
        { indexes, clock },
        (decided) => {
          touched = touchedBy(
            group.flatMap(({ operations }, index) => (decided[index]?.kind === "committed" ? operations : [])),
          );
          return noticeOf(self, touched);
        },
      );
      onGroup(touched, now);
      for (const [index, outcome] of outcomes.entries()) group[index]?.resolve(outcome);
      const bytes = group.reduce((sum, waiting) => sum + waiting.bytes, 0);
      observe?.({ kind: "group", commits: group.length, synced: written, bytes, ...times });
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      observe?.({ kind: "group-failed", commits: group.length, message });
      for (const waiting of group) waiting.reject(error);
    }
  }

  async #connect(): Promise<pg.Client> {
    if (this.#client) return this.#client;
    const client = createConnection(this.#deps.address);
    const forget = () => {
      if (this.#client === client) this.#client = undefined;
    };
    client.on("error", forget);
    client.once("end", forget);
    await client.connect();
    this.#client = client;
    return client;
  }
}

function sizeOf(operations: readonly PreparedOperation[]): number {
  let size = 0;
  for (const operation of operations)
    if (operation.kind === "append") for (const { byteLength } of operation.messages) size += byteLength;
    else if (operation.kind === "put-record") size += operation.json.length;
  return size;
}
