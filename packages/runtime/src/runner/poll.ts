import type { Work } from "@skein/protocol";
import { PREFIX, SkeinError, work } from "@skein/protocol";
import type { Client, Clock } from "../client/index.ts";
import { createBackoff } from "../client/index.ts";
import { withDeadline } from "./deadline.ts";
import type { Log } from "./log.ts";
import type { RunnerOptions } from "./runner.ts";

/** Makes the runner and its types known. Waits for a server that cannot be reached. */
export async function register(
  client: Client,
  options: RunnerOptions,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  const types = options.registry.types().map(({ registration }) => registration);
  const { machine, labels } = options;
  const backoff = createBackoff({ clock, maxMs: 5_000 });
  while (!signal.aborted) {
    try {
      await client.registerRunner(options.id, {
        types,
        ...(machine !== undefined && { machine }),
        ...(labels && { labels }),
      });
      return;
    } catch (error) {
      if (!(error instanceof SkeinError && error.code === "unavailable")) throw error;
      await backoff.wait(signal);
    }
  }
}

export interface PollLoop {
  readonly client: Client;
  readonly options: RunnerOptions;
  readonly clock: Clock;
  readonly log: Log;
  readonly signal: AbortSignal;
  readonly full: () => boolean;
  readonly take: (item: Work) => void;
}

/** A full runner asks briefly, for calls only, so that it soon notices that it is not full any more. */
const FULL_POLL_MS = 500;

/** Keeps one request for work open until the signal aborts. */
export async function poll({ client, options, clock, log, signal, full, take }: PollLoop): Promise<void> {
  const path = `${PREFIX}/runners/${encodeURIComponent(options.id)}/poll`;
  const backoff = createBackoff({ clock, maxMs: 5_000 });
  const pollMs = options.pollMs ?? 25_000;
  while (!signal.aborted) {
    try {
      const acceptClaims = !full();
      const body = { waitMs: acceptClaims ? pollMs : Math.min(FULL_POLL_MS, pollMs), acceptClaims };
      const response = await withDeadline(clock, pollMs + 15_000, signal, (deadline) =>
        client.transport.request("POST", path, { body, signal: deadline }),
      );
      if (response.status === 200) take(work.parse(await response.json()));
      backoff.reset();
    } catch (error) {
      if (signal.aborted) return;
      const code = error instanceof SkeinError ? error.code : "internal";
      // A server that has never heard of us has lost its memory, or is another one.
      if (code === "not_found")
        await register(client, options, clock, signal).catch((cause: unknown) => report(log, cause));
      else if (code !== "unavailable") report(log, error);
      await backoff.wait(signal);
    }
  }
}

function report(log: Log, error: unknown): void {
  log("error", `The runner could not get work: ${error instanceof Error ? error.message : String(error)}`);
}
