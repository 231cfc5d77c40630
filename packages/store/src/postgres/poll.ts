import type { Watchers } from "../core/watchers.ts";
import type { Reader } from "./reader.ts";

/** Watched streams looked at with one query. */
const PAGE = 1000;

/**
 * The truth behind the hints: every so often the heads of all watched streams are compared with what they were, so a
 * notification that was lost costs time and never an event. Watchers of collections are simply told to look.
 */
export function watchByPolling(deps: {
  readonly reader: Pick<Reader, "rows">;
  readonly streamWatchers: Watchers;
  readonly collectionWatchers: Watchers;
  readonly pollMs: number;
  readonly onFailure: (error: unknown) => void;
}): { lookNow(): void; close(): Promise<void> } {
  let seen = new Map<string, string>();
  let looking: Promise<void> | undefined;

  const look = async () => {
    const now = new Map<string, string>();
    const paths = [...deps.streamWatchers.names()];
    for (let at = 0; at < paths.length; at += PAGE)
      for (const { path, id, head, closed, deleted } of await deps.reader.rows(paths.slice(at, at + PAGE)))
        now.set(path, `${id} ${head} ${closed} ${deleted}`);
    deps.streamWatchers.notify(paths.filter((path) => now.get(path) !== seen.get(path)));
    deps.collectionWatchers.notify([...deps.collectionWatchers.names()]);
    seen = now;
  };
  const lookNow = () => {
    looking ??= look()
      .catch(deps.onFailure)
      .finally(() => (looking = undefined));
  };
  const timer = setInterval(lookNow, deps.pollMs);
  timer.unref();
  return {
    lookNow,
    async close() {
      clearInterval(timer);
      await looking;
    },
  };
}
