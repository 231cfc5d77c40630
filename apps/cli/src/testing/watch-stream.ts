import type { Client, StreamEvent } from "@skein/runtime/client";

/** A stream as a viewer has it: what was seen so far, and a way to wait for more. */
export interface WatchedStream {
  readonly seen: readonly StreamEvent[];
  /** Resolves as soon as what was seen satisfies it; rejects when that takes very long. */
  until(satisfied: (seen: readonly StreamEvent[]) => boolean, patienceMs?: number): Promise<void>;
  /** Ends the watching; what was seen stays. */
  end(): Promise<void>;
}

/** What arrives later than this was lost on the way and came with the next connection. */
const PATIENCE_MS = 40_000;

export function watchStream(client: Client, path: string): WatchedStream {
  const seen: StreamEvent[] = [];
  const stop = new AbortController();
  const looking = new Set<() => void>();
  let failed: unknown;
  const read = async (): Promise<void> => {
    for await (const { events } of client.followStream({ path, signal: stop.signal, missingMs: 30_000 })) {
      seen.push(...events);
      for (const look of looking) look();
    }
  };
  const reading = read().catch((error: unknown) => {
    failed = error;
    for (const look of looking) look();
  });
  return {
    seen,
    until: (satisfied, patienceMs = PATIENCE_MS) =>
      new Promise((resolve, reject) => {
        const finish = (done: () => void): void => {
          clearTimeout(patience);
          looking.delete(look);
          done();
        };
        const look = (): void => {
          if (failed !== undefined) finish(() => reject(new Error(`${path} could not be read`, { cause: failed })));
          else if (satisfied(seen)) finish(resolve);
        };
        const last = (): string => JSON.stringify(seen.at(-1) ?? "nothing").slice(0, 300);
        const patience = setTimeout(
          () => finish(() => reject(new Error(`${path}: ${seen.length} events, the last ${last()}`))),
          patienceMs,
        );
        looking.add(look);
        look();
      }),
    async end() {
      stop.abort();
      await reading;
    },
  };
}
