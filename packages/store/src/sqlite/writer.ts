import { decideCommit } from "../core/decide.ts";
import type { Changes } from "../core/draft.ts";
import { Draft } from "../core/draft.ts";
import type { PreparedOperation } from "../core/operation.ts";
import { sweepStreams } from "../core/streams.ts";
import type { CommitOutcome } from "../store.ts";
import type { Database } from "./driver.ts";
import { type JournalBounds, JournalWriter } from "./journal-writer.ts";
import type { GroupReport } from "../core/observe.ts";
import type { IndexTables } from "./schema.ts";
import { inTransaction } from "./schema.ts";
import { isEmpty, splitChanges } from "./split.ts";
import { SqliteState } from "./state.ts";
import { Sweeper } from "./sweeper.ts";
import { ChangeWriter } from "./write-changes.ts";

export interface Batch {
  readonly now: number;
  readonly bytes: number;
  readonly commits: readonly (readonly PreparedOperation[])[];
}

export interface GroupResult {
  readonly outcomes: readonly CommitOutcome[];
  readonly ephemeral: Changes | undefined;
  readonly report: GroupReport;
}

/**
 * The one that writes. Invariants:
 *  - a commit is decided on top of those before it in the group, and a refused one leaves nothing behind, so that no
 *    commit can spoil another's;
 *  - all that was decided in a group is written in one transaction; when that fails, every commit of the group fails,
 *    what is remembered is dropped, and the next group starts from what the disk has;
 *  - nothing is answered before the transaction is synced.
 */
export class Writer {
  readonly #database: Database;
  readonly #state: SqliteState;
  readonly #journal: JournalWriter;
  readonly #changes: ChangeWriter;
  readonly #sweeper: Sweeper;

  constructor(database: Database, indexes: IndexTables, journal?: JournalBounds) {
    this.#database = database;
    this.#state = new SqliteState(database);
    this.#journal = new JournalWriter(database, journal);
    this.#changes = new ChangeWriter(database, indexes, this.#state, this.#journal);
    this.#sweeper = new Sweeper(database);
  }

  /** Throws when the group could not be made durable: then none of it is. */
  commitGroup(batches: readonly Batch[]): GroupResult {
    const began = performance.now();
    const group = new Draft(this.#state);
    const outcomes: CommitOutcome[] = [];
    let bytes = 0;
    for (const batch of batches) {
      bytes += batch.bytes;
      sweepStreams(this.#expired(batch.now), group);
      for (const operations of batch.commits) {
        const { outcome, changes } = decideCommit(operations, group, batch.now);
        if (changes) group.absorb(changes);
        outcomes.push(outcome);
      }
    }
    const { durable, ephemeral } = splitChanges(group, this.#state.ephemeral, this.#state);
    const decided = performance.now();
    const synced = !isEmpty(durable);
    const written = synced ? this.#write(durable) : decided;
    this.#state.applied(durable, ephemeral);
    this.#sweeper.applied(durable);
    const report = {
      commits: outcomes.length,
      synced,
      bytes,
      decideMs: decided - began,
      writeMs: written - decided,
      syncMs: performance.now() - written,
    };
    return { outcomes, ephemeral: hasStreams(ephemeral) ? ephemeral : undefined, report };
  }

  /** Leaves nothing in the journal: at the beginning what a crash has left there, at the end everything. */
  settle(): void {
    if (this.#journal.waits) inTransaction(this.#database, () => this.#journal.settle());
  }

  /** Removes data of deleted streams, a bounded piece at a time. False when nothing is left to do. */
  collectGarbage(): boolean {
    return this.#sweeper.hasGarbage() && inTransaction(this.#database, () => this.#sweeper.collect());
  }

  #expired(now: number) {
    return [...this.#sweeper.expired(now), ...this.#state.ephemeral.expired(now, EXPIRED_AT_ONCE)];
  }

  #write(durable: Changes): number {
    try {
      return inTransaction(this.#database, () => {
        this.#changes.write(durable);
        return performance.now();
      });
    } catch (error) {
      this.#state.forget();
      this.#journal.forget();
      this.#sweeper.forget();
      throw error;
    }
  }
}

/** Streams swept with one batch, at most. */
const EXPIRED_AT_ONCE = 64;

function hasStreams(changes: Changes): boolean {
  return changes.streams.size > 0;
}
