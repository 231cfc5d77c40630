import type { Claim } from "@skein/protocol";
import { SkeinError } from "@skein/protocol";
import type { Client, Clock } from "../client/index.ts";
import { openHandler } from "../handler/open-handler.ts";
import type { WarmCache } from "../handler/warm-cache.ts";
import type { RegisteredType } from "../registry.ts";
import { createClaimChannel, type ClaimChannel } from "./claim-channel.ts";
import { codeOf, endClaim, textOf, type Outcome } from "./end-claim.ts";
import { startLease } from "./lease.ts";
import type { Log } from "./log.ts";
import { watchStall } from "./stall.ts";
import type { RunnerTrace } from "./trace.ts";

export interface ClaimDeps {
  readonly client: Client;
  readonly clock: Clock;
  readonly log: Log;
  readonly cache: WarmCache;
  /** Input taken beyond what was acknowledged, by entity: see handler/input.ts. */
  readonly taken: Map<string, Set<string>>;
  /** How long an aborted handler may take to end. */
  readonly graceMs: number;
  readonly trace: RunnerTrace;
}

/** A claim at work. */
export interface RunningClaim {
  readonly url: string;
  /** Resolves when the handler has ended (or was given up on) and the claim is released or lost. Never rejects. */
  readonly ended: Promise<void>;
  /** Ends it early: the handler's signal aborts, and the work is given back unless it ends well. */
  abort(error: SkeinError): void;
  /** The machine may have slept. */
  suspect(): void;
}

/** How long the last commit of an aborted claim may take. */
const RELEASE_MS = 1_000;

/** Runs the handler of a claimed entity once, over everything that is new. `seq`: the number of its first commit. */
export function runClaim(claim: Claim, type: RegisteredType, deps: ClaimDeps, { seq = 1 } = {}): RunningClaim {
  const { clock, log } = deps;
  const { url } = claim.entity;
  /** What `ctx.signal` is. */
  const work = new AbortController();
  /** The claim is gone: nothing can be written any more. */
  const lost = new AbortController();
  const lose = (error: SkeinError): void => {
    if (lost.signal.aborted) return;
    // That an entity is killed while it runs is nobody's fault.
    log(error.code === "entity_ended" ? "debug" : "warn", `${url}: ${error.message}`, {
      code: error.code,
      generation: claim.generation,
    });
    lost.abort(error);
    work.abort(error);
  };
  const channel = createClaimChannel({
    transport: deps.client.transport,
    clock,
    claim,
    seq,
    lost: lost.signal,
    onFenced: lose,
  });
  const lease = startLease({
    clock,
    leaseMs: claim.leaseMs,
    heartbeat: (signal) => channel.heartbeat(signal),
    onLost: lose,
  });
  let cancelGiveUp = (): void => undefined;
  const ended = perform(claim, type, deps, { channel, work, lost, lose })
    .catch((error: unknown) => {
      if (!lost.signal.aborted)
        log("error", `${url}: the claim ended badly: ${textOf(error)}`, { code: codeOf(error) });
    })
    .finally(() => {
      lease.stop();
      cancelGiveUp();
      if (!work.signal.aborted) work.abort(new SkeinError("fenced", "The handler has ended."));
    });
  return {
    url,
    ended,
    abort(error) {
      work.abort(error);
      cancelGiveUp();
      // A server that cannot be reached must not keep a runner from stopping; the lease will run out.
      cancelGiveUp = clock.after(deps.graceMs + RELEASE_MS, () => lose(error));
    },
    suspect: () => lease.suspect(),
  };
}

async function perform(
  claim: Claim,
  type: RegisteredType,
  deps: ClaimDeps,
  {
    channel,
    work,
    lost,
    lose,
  }: {
    readonly channel: ClaimChannel;
    readonly work: AbortController;
    readonly lost: AbortController;
    readonly lose: (error: SkeinError) => void;
  },
): Promise<void> {
  const { clock, log } = deps;
  const { signal } = work;
  const stall = watchStall(clock, type.stallMs, (error) => work.abort(error));
  const onProgress = (): void => stall.progress();
  const handler = await openHandler({ claim, type, deps, channel, signal, lose, onProgress });
  try {
    const outcome = await runHandler(deps, signal, async () => {
      const args = await type.parseArgs(claim.entity.args);
      const { url: entity, type: name } = claim.entity;
      const { generation } = claim;
      await deps.trace.handler({ entity, type: name, generation, reason: handler.wake.reason }, async () => {
        await type.handle(handler.context(args), handler.wake);
      });
    });
    const { error } = stall;
    stall.stop();
    if (lost.signal.aborted) return;
    if (!signal.aborted) await handler.checkpoint();
    const failed: Outcome = error && outcome.kind !== "returned" ? { kind: "threw", error } : outcome;
    await endClaim({ claim, outcome: failed, stopped: signal.aborted && !error, handler, clock, log });
  } finally {
    stall.stop();
    handler.close();
  }
}

/** After an abort the handler has the grace time to end; then it is given up on. */
async function runHandler(deps: ClaimDeps, signal: AbortSignal, handle: () => Promise<void>): Promise<Outcome> {
  const { clock, graceMs, log } = deps;
  const done = handle().then(
    (): Outcome => ({ kind: "returned" }),
    (error: unknown): Outcome => ({ kind: "threw", error }),
  );
  let cancel = (): void => undefined;
  let onAbort = (): void => undefined;
  const abandoned = new Promise<Outcome>((resolve) => {
    onAbort = (): void => {
      cancel = clock.after(graceMs, () => {
        log("error", `A handler did not end within ${graceMs} ms of its abort and was given up on.`);
        resolve({ kind: "abandoned" });
      });
    };
    if (signal.aborted) onAbort();
    else signal.addEventListener("abort", onAbort, { once: true });
  });
  const outcome = await Promise.race([done, abandoned]);
  signal.removeEventListener("abort", onAbort);
  cancel();
  return outcome;
}
