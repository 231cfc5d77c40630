import { SkeinError } from "@skein/protocol";
import type { Client, Clock, StreamBatch } from "../client/index.ts";
import { createBackoff, createRetryJudge } from "../client/index.ts";

/** A stream from an offset to its end, page by page. One that is not there has no pages. */
export async function* readLog(options: {
  readonly client: Client;
  readonly clock: Clock;
  readonly path: string;
  readonly from: string | undefined;
  readonly signal: AbortSignal;
}): AsyncGenerator<StreamBatch, void, undefined> {
  const { client, clock, path, signal } = options;
  const backoff = createBackoff({ clock, maxMs: 2_000 });
  const worthAnotherTry = createRetryJudge();
  let from = options.from ?? "-1";
  for (let batch: StreamBatch | undefined; batch?.upToDate !== true;) {
    try {
      batch = await client.readStream(path, { from }, { signal });
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      if (error instanceof SkeinError && error.code === "not_found") return;
      if (!worthAnotherTry(error)) throw error;
      await backoff.wait(signal);
      continue;
    }
    backoff.reset();
    from = batch.offset;
    yield batch;
  }
}
