import type { Call, Claim, RunnerLabels } from "@skein/protocol";
import { runnerRegistration, SkeinError } from "@skein/protocol";
import { createClient, type Client, type Clock, type Fetch } from "../client/index.ts";
import type { Wake } from "../context.ts";
import { createWarmCache } from "../handler/warm-cache.ts";
import type { RegisteredType, Registry } from "../registry.ts";
import { answerCall as answerOf, type CallHandlers } from "../runner/calls.ts";
import { runClaim, type ClaimDeps, type RunningClaim } from "../runner/run-claim.ts";
import { noTrace } from "../runner/trace.ts";
import type { Interference } from "./interference.ts";
import { claimNext, giveBack, type Serves } from "./server/dispatch.ts";
import type { FakeServer } from "./server/fake-server.ts";
import { answerCall, registerRunner, requireRunner, servesOf } from "./server/runners.ts";
import { carryOut } from "./server/time.ts";

/**
 * Takes every claim as soon as there is one and runs its handler with the runner's own code. What a runner does besides
 * (polling, registering again, watching the clock) is left out: it takes time, and time belongs to the test.
 */
export interface Host {
  readonly client: Client;
  readonly running: ReadonlyMap<string, RunningClaim>;
  /** Whose work it takes, besides what is running. */
  readonly serves: Serves;
  /** Rises with everything that happens between handlers and server. */
  readonly activity: number;
  passes(url: string): readonly Wake[];
  /** Looks for what is due at the time that it is. */
  look(): void;
  /** Everything dies at once, with what it had in memory. */
  crash(): void;
  close(): void;
}

export interface HostOptions {
  readonly server: FakeServer;
  readonly clock: Clock;
  readonly registry: Registry;
  readonly calls: CallHandlers;
  readonly labels: RunnerLabels;
  readonly interference: Interference;
  readonly log: (line: string) => void;
}

const RUNNER = "test-runner";
const GRACE_MS = 5_000;

export function createHost({ server, clock, registry, calls, labels, interference, log }: HostOptions): Host {
  const { state } = server;
  const closing = new AbortController();
  const passes = new Map<string, Wake[]>();
  const running = new Map<string, RunningClaim>();
  const crashed = new Set<RunningClaim>();
  let memory = newMemory();
  let activity = 0;
  let looking = false;

  const counted: Fetch = async (request) => {
    activity += 1;
    try {
      return await server.fetch(request);
    } finally {
      activity += 1;
    }
  };
  const clientOver = (fetch: Fetch): Client => createClient({ fetch, baseUrl: server.url, token: server.token, clock });
  const bury = (url: string, claim: RunningClaim | undefined): void => {
    if (claim) crashed.add(claim);
    if (running.get(url) === claim) running.delete(url);
    memory = newMemory();
    giveBack(state, (_, of) => of === url);
  };
  const begin = (claim: Claim, type: RegisteredType): void => {
    const { url } = claim.entity;
    let atWork: RunningClaim | undefined;
    const isDead = (): boolean => atWork !== undefined && crashed.has(atWork);
    const fetch = interference.between(url, counted, {
      isDead,
      crash: () => bury(url, atWork),
      loseClaim: () => giveBack(state, (_, of) => of === url),
    });
    const deps: ClaimDeps = {
      ...memory,
      client: clientOver(fetch),
      clock,
      graceMs: GRACE_MS,
      trace: noTrace,
      log: (level, text) => (isDead() ? undefined : log(`${level} ${text}`)),
    };
    const begun = (atWork = runClaim(claim, remembering(type, url, passes), deps));
    running.set(url, begun);
    void begun.ended.finally(() => {
      activity += 1;
      if (running.get(url) === begun) running.delete(url);
      look();
    });
  };
  const look = (): void => {
    if (looking || closing.signal.aborted) return;
    looking = true;
    queueMicrotask(() => {
      looking = false;
      if (closing.signal.aborted) return;
      carryOut(state);
      for (let claim = claimNext(state, RUNNER, serves); claim; claim = claimNext(state, RUNNER, serves)) {
        const type = registry.get(claim.entity.type);
        if (type) begin(claim, type);
      }
      answerCalls();
    });
  };
  const answerCalls = (): void => {
    for (const call of state.calls.values()) {
      if (call.state === "taken") continue;
      call.state = "taken";
      void answer({ kind: "call", callId: call.id, method: call.method, params: call.params });
    }
  };
  const answer = async (call: Call): Promise<void> => {
    const result = await answerOf(call, { handlers: calls, registry, signal: closing.signal });
    activity += 1;
    // Who asked may have given up.
    if (state.calls.has(call.callId)) answerCall(state, RUNNER, call.callId, result);
  };

  const types = registry.types().map(({ registration }) => registration);
  registerRunner(state, RUNNER, runnerRegistration.parse({ types, labels }));
  const serves = servesOf(state, requireRunner(state, RUNNER), (url) => running.has(url));
  state.changed.add(look);
  return {
    client: clientOver(counted),
    running,
    serves,
    get activity() {
      return activity;
    },
    passes: (url) => passes.get(url) ?? [],
    look() {
      requireRunner(state, RUNNER).lastSeenAt = clock.now();
      look();
    },
    crash() {
      for (const [url, claim] of running) bury(url, claim);
      memory = newMemory();
    },
    close() {
      const over = new SkeinError("unavailable", "The test is over.");
      closing.abort(over);
      for (const claim of [...running.values(), ...crashed]) claim.abort(over);
      running.clear();
    },
  };
}

/** Writes down what each pass was given. */
function remembering(type: RegisteredType, url: string, passes: Map<string, Wake[]>): RegisteredType {
  return {
    ...type,
    handle(ctx, wake) {
      passes.set(url, [...(passes.get(url) ?? []), wake]);
      return type.handle(ctx, wake);
    },
  };
}

function newMemory(): Pick<ClaimDeps, "cache" | "taken"> {
  return { cache: createWarmCache(), taken: new Map() };
}
