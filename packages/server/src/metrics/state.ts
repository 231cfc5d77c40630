import { sessionStatus, type SessionStatus } from "@skein/protocol";
import type { Store } from "@skein/store";
import type { RunnerRecord, WakeRecord } from "../records/collections.ts";
import type { SessionRecord } from "../sessions/session.ts";

/** What only the store knows: the same whichever server is asked. */
export interface ServerState {
  readonly wakes: { readonly ready: number; readonly claimed: number; readonly oldestReadyMs: number };
  readonly runnersOnline: number;
  readonly sessions: Readonly<Record<SessionStatus, number>>;
}

/** Looked at for one answer, at most: of each type's wakes, of runners, and of the sessions that were active last. */
const LIMIT = 1000;
const MAX_TYPES = 100;

export async function readServerState(store: Store, runnerTimeoutMs: number): Promise<ServerState> {
  const [wakes, runnersOnline, sessions] = await Promise.all([
    countWakes(store),
    countRunners(store, runnerTimeoutMs),
    countSessions(store),
  ]);
  return { wakes, runnersOnline, sessions };
}

async function countWakes(store: Store): Promise<ServerState["wakes"]> {
  const queues = await Promise.all(
    ["types", "lanes"].map((collection) => store.queryRecords({ collection, limit: MAX_TYPES })),
  );
  const pages = await Promise.all(
    queues
      .flatMap(({ records }) => records)
      .map(({ id }) =>
        store.queryRecords<WakeRecord>({ collection: "wakes", index: "due", equals: [id], limit: LIMIT }),
      ),
  );
  const wakes = pages.flatMap(({ records }) => records.map(({ value }) => value));
  const now = store.now();
  const ready = wakes.filter(({ claimableAt }) => claimableAt !== undefined && claimableAt <= now);
  const since = Math.min(now, ...ready.map(({ claimableAt }) => claimableAt ?? now));
  const claimed = wakes.filter(({ state, claimableAt }) => state === "claimed" && (claimableAt ?? now) > now);
  return { ready: ready.length, claimed: claimed.length, oldestReadyMs: now - since };
}

async function countRunners(store: Store, timeoutMs: number): Promise<number> {
  const query = { collection: "runners", index: "bySeen", descending: true, limit: LIMIT };
  const { records } = await store.queryRecords<RunnerRecord>(query);
  return records.filter(({ value }) => store.now() - value.lastSeenAt < timeoutMs).length;
}

async function countSessions(store: Store): Promise<Record<SessionStatus, number>> {
  const query = { collection: "sessions", index: "byActivity", descending: true, limit: LIMIT };
  const { records } = await store.queryRecords<SessionRecord>(query);
  const counts: Record<SessionStatus, number> = {
    initializing: 0,
    idle: 0,
    running: 0,
    waiting: 0,
    error: 0,
    killed: 0,
  };
  for (const { value } of records) {
    const status = sessionStatus.safeParse(value.status);
    if (status.success) counts[status.data] += 1;
  }
  return counts;
}
