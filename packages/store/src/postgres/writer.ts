import type pg from "pg";
import { SkeinError } from "@skein/protocol";
import { decideCommit } from "../core/decide.ts";
import { Draft } from "../core/draft.ts";
import type { PreparedOperation } from "../core/operation.ts";
import { sweepStreams } from "../core/streams.ts";
import type { CommitOutcome } from "../store.ts";
import { isConnectionFailure, isContention, unavailable } from "./connect.ts";
import { fetchGroup } from "./fetch-group.ts";
import { GroupState, MissingRow } from "./group-state.ts";
import { Needs } from "./needs.ts";
import type { IndexTables } from "./schema.ts";
import { writeChanges } from "./write-changes.ts";

/** Advisory locks of ours: the first of the two numbers. */
const LOCK_SPACE = 0x736b;
const MAX_GROUP = 1000;
const MAX_GROUP_BYTES = 16 * 1024 * 1024;
const MAX_ATTEMPTS = 5;

export interface Commit {
  readonly operations: readonly PreparedOperation[];
  /** Expired streams to remove first; only maintenance names any. */
  readonly sweep?: readonly string[];
}

export interface GroupContext {
  readonly indexes: IndexTables;
  /** Instead of the database's clock. */
  readonly clock: (() => number) | undefined;
}

/** Where the time of a group's last attempt went, milliseconds. */
export interface GroupTimes {
  /** Locks, rows and decisions. */
  readonly decideMs: number;
  readonly writeMs: number;
  /** Of COMMIT: the log's sync, and the standby's if that is waited for. */
  readonly syncMs: number;
}

export interface GroupOutcome {
  readonly outcomes: readonly CommitOutcome[];
  /** Whether anything had to be written. */
  readonly written: boolean;
  readonly times: GroupTimes;
  /** The database's clock when the group was decided, milliseconds. */
  readonly now: number;
}

/** How many of the waiting commits go as one group. */
export function groupSize(waiting: readonly { readonly bytes: number }[]): number {
  let bytes = 0;
  let count = 0;
  for (const commit of waiting) {
    bytes += commit.bytes;
    if (count > 0 && (bytes > MAX_GROUP_BYTES || count >= MAX_GROUP)) break;
    count++;
  }
  return count;
}

/**
 * Runs a group of commits as one transaction. Invariants:
 *  - every row that is decided on is read under its lock, so servers on one database cannot disagree;
 *  - a refused commit leaves nothing behind and spoils no other;
 *  - a failure before COMMIT was sent is tried again; one after it is ambiguous and is told as `unavailable`, and the
 *    caller finds out by resending the same producer stamp or by looking.
 */
export async function commitGroup(
  connect: () => Promise<pg.ClientBase>,
  group: readonly Commit[],
  context: GroupContext,
  notice: (outcomes: readonly CommitOutcome[]) => string,
): Promise<GroupOutcome> {
  const needs = new Needs();
  for (const { operations, sweep } of group) {
    needs.addOperations(operations);
    for (const path of sweep ?? []) needs.streams.add(path);
  }
  for (let attempt = 1; ;) {
    const step = await tryGroup(connect, group, needs, context, notice);
    switch (step.kind) {
      case "done":
        return step.outcome;
      case "needs-more":
        step.missing.add(needs);
        break;
      case "failed":
        if (attempt >= MAX_ATTEMPTS || step.ambiguous || !(isConnectionFailure(step.error) || isContention(step.error)))
          throw step.ambiguous || isConnectionFailure(step.error) ? unavailable(step.error) : writeFailed(step.error);
        attempt++;
    }
  }
}

function writeFailed(cause: unknown): SkeinError {
  return new SkeinError(
    "unavailable",
    `The store could not write: ${cause instanceof Error ? cause.message : String(cause)}`,
    { cause },
  );
}

type Step =
  | { readonly kind: "done"; readonly outcome: GroupOutcome }
  | { readonly kind: "needs-more"; readonly missing: MissingRow }
  | { readonly kind: "failed"; readonly error: unknown; readonly ambiguous: boolean };

async function tryGroup(
  connect: () => Promise<pg.ClientBase>,
  group: readonly Commit[],
  needs: Needs,
  { indexes, clock }: GroupContext,
  notice: (outcomes: readonly CommitOutcome[]) => string,
): Promise<Step> {
  let committing = false;
  let client: pg.ClientBase | undefined;
  const began = performance.now();
  try {
    client = await connect();
    await client.query(begin(needs));
    const fetched = await fetchGroup(client, needs);
    const draft = new Draft(new GroupState(needs, fetched));
    const outcomes = decideGroup(group, draft, clock?.() ?? fetched.now);
    const decided = performance.now();
    if (isEmpty(draft)) {
      await client.query("ROLLBACK");
      const times = { decideMs: decided - began, writeMs: 0, syncMs: 0 };
      return { kind: "done", outcome: { outcomes, written: false, times, now: fetched.now } };
    }
    await writeChanges(client, draft, fetched, indexes, notice(outcomes));
    const written = performance.now();
    committing = true;
    await client.query("COMMIT");
    const times = { decideMs: decided - began, writeMs: written - decided, syncMs: performance.now() - written };
    return { kind: "done", outcome: { outcomes, written: true, times, now: fetched.now } };
  } catch (error) {
    if (client && !committing) await rollback(client);
    if (error instanceof MissingRow) return { kind: "needs-more", missing: error };
    return { kind: "failed", error, ambiguous: committing };
  }
}

/** Numbers only, so that one round trip can begin the transaction and take all locks, in the order they are given. */
function begin(needs: Needs): string {
  const locks = needs.locks();
  if (locks.length === 0) return "BEGIN";
  return `BEGIN; SELECT count(pg_advisory_xact_lock(${LOCK_SPACE}, k)) FROM unnest(ARRAY[${locks.join(",")}]) AS k`;
}

function decideGroup(group: readonly Commit[], draft: Draft, now: number): CommitOutcome[] {
  return group.map(({ operations, sweep }) => {
    for (const path of sweep ?? []) {
      const row = draft.stream(path);
      if (row && row.expiresAt !== undefined && row.expiresAt <= now) sweepStreams([row], draft);
    }
    const { outcome, changes } = decideCommit(operations, draft, now);
    if (changes) draft.absorb(changes);
    return outcome;
  });
}

function isEmpty(draft: Draft): boolean {
  return draft.streams.size + draft.records.size + draft.appended.size + draft.producers.size + draft.purged.size === 0;
}

/** A connection that cannot even roll back is gone, and its transaction with it. */
async function rollback(client: pg.ClientBase): Promise<void> {
  try {
    await client.query("ROLLBACK");
  } catch (error) {
    if (!isConnectionFailure(error)) throw error;
  }
}
