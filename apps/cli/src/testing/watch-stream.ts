import type { Client, StreamEvent } from "@skein/runtime/client";

/** A stream as a viewer has it: what was seen so far, and a way to wait for more. */
export interface WatchedStream {
  readonly seen: readonly StreamEvent[];
  /** Resolves as soon as what was seen satisfies it. */
  until(satisfied: (seen: readonly StreamEvent[]) => boolean): Promise<void>;
  /** Ends the watching; what was seen stays. */
  end(): Promise<void>;
}

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
    until: (satisfied) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          if (failed === undefined && !satisfied(seen)) return;
          looking.delete(look);
          if (failed === undefined) resolve();
          else reject(failed instanceof Error ? failed : new Error("the stream could not be read"));
        };
        looking.add(look);
        look();
      }),
    async end() {
      stop.abort();
      await reading;
    },
  };
}
