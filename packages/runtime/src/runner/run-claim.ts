import type { ChangeEvent, Claim } from "@skein/protocol";
import { ENTITY_EVENTS, formatOffset, SkeinError } from "@skein/protocol";
import type { Client, Clock, StreamEvent } from "../client/index.ts";
import { isChangeEvent, positionOf } from "../client/index.ts";
import { createCommitter } from "../handler/committer.ts";
import { createContext } from "../handler/create-context.ts";
import { createInput } from "../handler/input.ts";
import { keepOfMain } from "../handler/main-stream.ts";
import { openView, type WarmCache } from "../handler/open-view.ts";
import { createRuns, type Runs } from "../handler/runs.ts";
import { createSharedStates } from "../handler/shared-states.ts";
import { createTagView } from "../handler/tag-view.ts";
import { createTails } from "../handler/tails.ts";
import { createWriteBuffer } from "../handler/write-buffer.ts";
import type { RegisteredType } from "../registry.ts";
import { createClaimChannel } from "./claim-channel.ts";
import { startLease } from "./lease.ts";
import type { Log } from "./log.ts";

export interface ClaimDeps {
  readonly client: Client;
  readonly clock: Clock;
  readonly log: Log;
  readonly cache: WarmCache;
  /** Input taken beyond what was acknowledged, by entity: see handler/input.ts. */
  readonly taken: Map<string, Set<string>>;
  /** How long an aborted handler may take to end. */
  readonly graceMs: number;
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

type Outcome =
  | { readonly kind: "returned" }
  | { readonly kind: "threw"; readonly error: unknown }
  /** It was aborted and did not end in time. It may still be running, but nothing it writes arrives anywhere. */
  | { readonly kind: "abandoned" };

/** How long the last commit of an aborted claim may take. */
const RELEASE_MS = 1_000;

/** Runs the handler of a claimed entity once, over everything that is new. */
export function runClaim(claim: Claim, type: RegisteredType, deps: ClaimDeps): RunningClaim {
  const { clock, log } = deps;
  const { url } = claim.entity;
  /** What `ctx.signal` is. */
  const work = new AbortController();
  /** The claim is gone: nothing can be written any more. */
  const lost = new AbortController();
  const lose = (error: SkeinError): void => {
    if (lost.signal.aborted) return;
    log("warn", `${url}: ${error.message}`, { code: error.code, generation: claim.generation });
    lost.abort(error);
    work.abort(error);
  };
  const channel = createClaimChannel({
    transport: deps.client.transport,
    clock,
    claim,
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

interface Control {
  readonly channel: ReturnType<typeof createClaimChannel>;
  readonly work: AbortController;
  readonly lost: AbortController;
  readonly lose: (error: SkeinError) => void;
}

async function perform(claim: Claim, type: RegisteredType, deps: ClaimDeps, control: Control): Promise<void> {
  const { client, clock, cache, log } = deps;
  const { channel, work, lost, lose } = control;
  const { url } = claim.entity;
  const path = claim.entity.streams.main;
  const keep = keepOfMain(type.state);
  const shape = JSON.stringify(Object.values(type.state).map((collection) => collection.type));
  const tags = createTagView(claim.entity.tags);
  const logged: ((event: StreamEvent, position: number) => void)[] = [(event) => tags.onLog(event)];

  const main = await openView({
    client,
    clock,
    path,
    keep,
    signal: work.signal,
    warm: cache.take(path, shape),
    onLog: (event, position) => {
      if (isChangeEvent(event) && event.type === ENTITY_EVENTS.ended) {
        lose(new SkeinError("entity_ended", `${url} was ended.`));
      }
      for (const listener of logged) listener(event, position);
    },
  });
  const from = positionOf(claim.from);
  const taken = deps.taken.get(url) ?? new Set<string>();
  const input = createInput({
    view: main,
    from,
    firstWake: from === 0,
    taken,
    onListenerError: (error) => log("error", `${url}: a listener threw: ${textOf(error)}`),
  });
  logged.push((event, position) => input.onLog(event, position));

  const buffer = createWriteBuffer();
  const writeMain = (event: ChangeEvent): void => {
    main.write(event);
    buffer.write(path, event);
  };
  const runs = createRuns({ generation: claim.generation, clock, write: writeMain });
  const tails = createTails({ client, clock, log, main, onMainGone: lose });
  const shared = createSharedStates({
    client,
    clock,
    channel,
    buffer,
    main,
    writeMain,
    cache,
    signal: work.signal,
    tail: (view) => tails.add(view),
  });
  const committer = createCommitter({
    channel,
    buffer,
    viewOf: (stream) => (stream === path ? main : shared.viewOf(stream)),
    onCommitted: (batch) => shared.onCommitted(batch),
  });

  try {
    const outcome = await runHandler(deps, work.signal, async () => {
      const ctx = createContext({
        claim,
        args: await type.parseArgs(claim.entity.args),
        state: type.state,
        firstWake: from === 0,
        signal: work.signal,
        main,
        writeMain,
        buffer,
        committer,
        input,
        runs,
        shared,
        tags,
        log: (level, text, fields) => log(level, `${url}: ${text}`, fields),
      });
      await type.handle(ctx, input.wake);
    });
    if (lost.signal.aborted) return;
    const ack = (): string => formatOffset(input.ack());
    const stopped = work.signal.aborted;
    await release({
      url,
      generation: claim.generation,
      path,
      outcome,
      stopped,
      ack,
      buffer,
      committer,
      runs,
      clock,
      log,
    });
  } finally {
    committer.close(new SkeinError("fenced", `The handler of ${url} has ended: its claim is released.`));
    tails.close();
    cache.put(path, shape, main.fold);
    shared.close();
    if (taken.size > 0) deps.taken.set(url, taken);
    else deps.taken.delete(url);
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
  const abandoned = new Promise<Outcome>((resolve) => {
    const onAbort = (): void => {
      cancel = clock.after(graceMs, () => {
        log("error", `A handler did not end within ${graceMs} ms of its abort and was given up on.`);
        resolve({ kind: "abandoned" });
      });
    };
    if (signal.aborted) onAbort();
    else signal.addEventListener("abort", onAbort, { once: true });
  });
  const outcome = await Promise.race([done, abandoned]);
  cancel();
  return outcome;
}

interface Ending {
  readonly url: string;
  readonly generation: number;
  readonly path: string;
  readonly outcome: Outcome;
  /** The runner stops: what was not finished is to be done by another. */
  readonly stopped: boolean;
  readonly ack: () => string;
  readonly buffer: ReturnType<typeof createWriteBuffer>;
  readonly committer: ReturnType<typeof createCommitter>;
  readonly runs: Runs;
  readonly clock: Clock;
  readonly log: Log;
}

/** The last commit of a claim. */
async function release(ending: Ending): Promise<void> {
  const { outcome, committer, runs, ack, path } = ending;
  if (outcome.kind === "returned") {
    try {
      await committer.commit(() => ({
        writes: eventsOn(path, runs.failOpen("not_ended", "The handler ended without ending its run.")),
        ack: ack(),
        done: true,
      }));
      return;
    } catch (error) {
      if (error instanceof SkeinError && error.code === "fenced") throw error;
      return releaseFailed(ending, error);
    }
  }
  if (outcome.kind === "threw" && !ending.stopped) return releaseFailed(ending, outcome.error);
  // Given back without an acknowledgement: somebody else does it, from what is durable.
  ending.buffer.take();
  await committer.commit(() => ({
    writes: eventsOn(path, runs.failOpen("aborted", "The runner stopped.")),
    done: true,
  }));
}

/** What was not committed is dropped, the failure is written down, and the input that led to it is not tried again. */
async function releaseFailed(ending: Ending, error: unknown): Promise<void> {
  const { url, generation, path, buffer, committer, runs, clock, log, ack } = ending;
  const message = textOf(error);
  log("error", `${url}: its handler failed: ${message}`, { code: codeOf(error), generation });
  buffer.take();
  const key = `handler:${generation}`;
  const value = { key, code: codeOf(error), message, at: clock.now() };
  const row: ChangeEvent = { type: ENTITY_EVENTS.error, key, value, headers: { operation: "insert" } };
  await committer.commit(() => ({
    writes: eventsOn(path, [row, ...runs.failOpen("error", message)]),
    ack: ack(),
    done: true,
  }));
}

function eventsOn(path: string, events: readonly ChangeEvent[]): Map<string, readonly ChangeEvent[]> {
  return events.length === 0 ? new Map() : new Map([[path, events]]);
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function codeOf(error: unknown): HandlerErrorCode {
  return error instanceof SkeinError ? error.code : "internal";
}
type HandlerErrorCode = SkeinError["code"];
