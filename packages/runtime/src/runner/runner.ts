import type { Claim, RunnerLabels, Work } from "@skein/protocol";
import { PREFIX, SkeinError } from "@skein/protocol";
import type { Client, Clock, ConnectionOptions } from "../client/index.ts";
import { createClient, systemClock } from "../client/index.ts";
import { createWarmCache } from "../handler/warm-cache.ts";
import type { Registry } from "../registry.ts";
import { answerCall, type CallHandlers } from "./calls.ts";
import { withDeadline, within } from "./deadline.ts";
import { consoleLog, type Log } from "./log.ts";
import { poll, register } from "./poll.ts";
import { runClaim, type ClaimDeps, type RunningClaim } from "./run-claim.ts";
import { noTrace, type RunnerTrace } from "./trace.ts";
import { watchClock } from "./watch-clock.ts";

export interface RunnerOptions extends ConnectionOptions {
  readonly registry: Registry;
  /** Stays the same from start to start, one running process at a time: a new start takes back the old one's claims. */
  readonly id: string;
  /** Shown to people, such as the host's name. */
  readonly machine?: string;
  /** What it says of itself, for entities whose `dispatch` names labels: a word, or several that all hold. */
  readonly labels?: RunnerLabels;
  /** How many handlers run at the same time. Default 64. */
  readonly concurrency?: number;
  /** What this runner can be asked, besides `admit`. */
  readonly calls?: CallHandlers;
  readonly clock?: Clock;
  /** Default: warnings and errors to the console. */
  readonly log?: Log;
  /** How long `stop` waits for handlers before it aborts them. Default 0. */
  readonly drainMs?: number;
  /** How long an aborted handler may take to end. Default 5000. */
  readonly graceMs?: number;
  /** How long one poll waits for work. Default 25,000. */
  readonly pollMs?: number;
  /** Stands around handlers and runs. */
  readonly trace?: RunnerTrace;
}

export interface Runner {
  /** Registers and begins to work. Waits for a server that cannot be reached; rejects if it refuses. */
  start(): Promise<void>;
  /**
   * Takes no more work, waits for the handlers (`drainMs`), then aborts those that are left and gives their work back.
   * Afterwards nothing of the runner is left running.
   */
  stop(options?: { drainMs?: number }): Promise<void>;
  /** URLs of the entities whose handlers run now. */
  readonly running: readonly string[];
}

/**
 * Hosts the handlers of a registry: pulls work from a server, in the same process (`fetch: server.fetch`) or over the
 * network, through the same code.
 *
 * @example
 * const registry = createRegistry();
 * registry.define("hello", {
 *   description: "Greets.",
 *   handler: (ctx, wake) => wake.messages.forEach(({ from }) => ctx.log("info", `hello ${from}`)),
 * });
 * const runner = createRunner({ baseUrl: "http://127.0.0.1:4437", token, registry, id: "my-laptop" });
 * await runner.start();
 */
export function createRunner(options: RunnerOptions): Runner {
  const { clock = systemClock, log = consoleLog, concurrency = 64, graceMs = 5_000, trace = noTrace } = options;
  const client = createClient({ ...options, clock });
  const deps: ClaimDeps = { client, clock, log, cache: createWarmCache(), taken: new Map(), graceMs, trace };
  const claims = new Map<string, RunningClaim>();
  const answering = new Set<Promise<void>>();
  const stopping = new AbortController();
  let loop: Promise<void> | undefined;
  let stopWatchdog = (): void => undefined;

  const begin = (claim: Claim): void => {
    const { url } = claim.entity;
    const before = claims.get(url);
    const type = options.registry.get(claim.entity.type);
    if (!type) return log("error", `${url} was offered, and its type is not served here.`);
    // The same entity again: the claim before was lost without our knowing. Two handlers of one entity must not run.
    before?.abort(new SkeinError("fenced", `${url} was claimed anew.`));
    const running = before ? runAfter(before, () => runClaim(claim, type, deps)) : runClaim(claim, type, deps);
    claims.set(url, running);
    const forget = (): boolean => claims.get(url) === running && claims.delete(url);
    void running.ended.finally(forget);
  };
  const take = (item: Work): void => {
    if (item.kind === "claim") return begin(item);
    const done = answer(client, options, item, stopping.signal, log).finally(() => answering.delete(done));
    answering.add(done);
  };

  return {
    get running() {
      return [...claims.keys()];
    },
    async start() {
      if (loop) throw new Error("The runner was started already.");
      await register(client, options, clock, stopping.signal);
      stopWatchdog = watchClock(clock, () => {
        log("warn", "The clock jumped: the machine may have slept. Claims are being checked.");
        for (const claim of claims.values()) claim.suspect();
      });
      loop = poll({
        client,
        options,
        clock,
        log,
        take,
        signal: stopping.signal,
        full: () => claims.size >= concurrency,
      });
    },
    async stop({ drainMs = options.drainMs ?? 0 } = {}) {
      stopping.abort(new SkeinError("unavailable", "The runner is stopping."));
      await loop;
      const ended = (): Promise<unknown> => Promise.all([...claims.values()].map((claim) => claim.ended));
      if (claims.size > 0 && drainMs > 0) await within(clock, drainMs, ended());
      for (const claim of claims.values()) claim.abort(new SkeinError("unavailable", "The runner is stopping."));
      await ended();
      await Promise.all(answering);
      stopWatchdog();
      await goodBye(client, options.id, clock, log);
    },
  };
}

function runAfter(before: RunningClaim, start: () => RunningClaim): RunningClaim {
  let started: RunningClaim | undefined;
  let aborted: SkeinError | undefined;
  const ended = before.ended.then(() => {
    started = start();
    if (aborted) started.abort(aborted);
    return started.ended;
  });
  return {
    url: before.url,
    ended,
    abort(error) {
      aborted = error;
      started?.abort(error);
    },
    suspect: () => started?.suspect(),
  };
}

async function answer(
  client: Client,
  options: RunnerOptions,
  call: Extract<Work, { kind: "call" }>,
  signal: AbortSignal,
  log: Log,
): Promise<void> {
  const { calls = {}, registry, id } = options;
  const result = await answerCall(call, { handlers: calls, registry, signal });
  const path = `${PREFIX}/runners/${encodeURIComponent(id)}/calls/${encodeURIComponent(call.callId)}`;
  try {
    await client.transport.request("POST", path, { body: result });
  } catch (error) {
    // Who asked has given up, or will be told that the runner did not answer.
    log(
      "warn",
      `The answer to ${call.method} did not arrive: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

/** Offline at once instead of after a while. A server that is gone already does not matter. */
async function goodBye(client: Client, id: string, clock: Clock, log: Log): Promise<void> {
  try {
    await withDeadline(clock, 1_000, new AbortController().signal, (signal) =>
      client.transport.request("DELETE", `${PREFIX}/runners/${encodeURIComponent(id)}`, { signal }),
    );
  } catch (error) {
    log("debug", `The server did not hear the good-bye: ${error instanceof Error ? error.message : String(error)}`);
  }
}
