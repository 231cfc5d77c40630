import type pg from "pg";
import type { CommitQueue } from "./commit-queue.ts";
import type { Folder } from "./folder.ts";

const EXPIRED_AT_ONCE = 64;
const ROWS_AT_ONCE = 500;

/**
 * Removes streams whose time is over and the data of deleted ones, and packs small chunks, a bounded piece at a time.
 * Every server may do it: what another has done already is not there to be done.
 */
export function runMaintenance(deps: {
  readonly pool: pg.Pool;
  readonly queue: Pick<CommitQueue, "commit">;
  readonly folder: Folder;
  readonly now: () => number;
  readonly everyMs: number;
  readonly onFailure: (error: unknown) => void;
}): { close(): Promise<void> } {
  const ended = new AbortController();
  let working: Promise<void> | undefined;
  const work = async () => {
    while (!ended.signal.aborted && (await sweepExpired(deps)));
    while (!ended.signal.aborted && (await collectGarbage(deps.pool)));
    while (!ended.signal.aborted && (await deps.folder.fold()));
  };
  const timer = setInterval(() => {
    working ??= work()
      .catch(deps.onFailure)
      .finally(() => (working = undefined));
  }, deps.everyMs);
  timer.unref();
  return {
    async close() {
      ended.abort();
      clearInterval(timer);
      await working;
    },
  };
}

async function sweepExpired({ pool, queue, now }: Parameters<typeof runMaintenance>[0]): Promise<boolean> {
  const { rows } = await pool.query<{ path: string }>(
    `(SELECT path FROM skein.streams WHERE expires_at <= $1 AND NOT deleted LIMIT $2)
     UNION ALL (SELECT path FROM skein.live_streams WHERE expires_at <= $1 LIMIT $2)`,
    [now(), EXPIRED_AT_ONCE],
  );
  if (rows.length === 0) return false;
  await queue.commit(
    [],
    rows.map(({ path }) => path),
  );
  return true;
}

async function collectGarbage(pool: pg.Pool): Promise<boolean> {
  const { rows } = await pool.query<{ stream: number }>("SELECT stream FROM skein.garbage LIMIT 1");
  const stream = rows[0]?.stream;
  if (stream === undefined) return false;
  const chunks = await pool.query(
    "DELETE FROM skein.chunks WHERE stream = $1 AND start IN (SELECT start FROM skein.chunks WHERE stream = $1 ORDER BY start LIMIT $2)",
    [stream, ROWS_AT_ONCE],
  );
  const producers = await pool.query(
    "DELETE FROM skein.producers WHERE stream = $1 AND producer IN (SELECT producer FROM skein.producers WHERE stream = $1 LIMIT $2)",
    [stream, ROWS_AT_ONCE],
  );
  if ((chunks.rowCount ?? 0) === 0 && (producers.rowCount ?? 0) === 0)
    await pool.query("DELETE FROM skein.garbage WHERE stream = $1", [stream]);
  return true;
}
