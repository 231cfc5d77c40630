import type { CallResult, pollRequest, RunnerInfo, runnerRegistration, Work } from "@skein/protocol";
import { ERROR_CODES, SkeinError, type ErrorCode } from "@skein/protocol";
import type { z } from "zod";
import { sleep } from "../../client/index.ts";
import { claimNext, giveBack, type Serves } from "./dispatch.ts";
import { isOnline, mayTake } from "./placement.ts";
import type { FakeRunner, FakeState } from "./state.ts";
import { tell } from "./state.ts";
import { carryOut, nextTime } from "./time.ts";
import { checkRegistration, registerType } from "./types.ts";

const CODES: ReadonlySet<string> = new Set(ERROR_CODES);

export function registerRunner(state: FakeState, id: string, body: z.output<typeof runnerRegistration>): RunnerInfo {
  for (const type of body.types) checkRegistration(type);
  giveBack(state, ({ claim }) => claim?.holder === id);
  for (const type of body.types) registerType(state, type);
  const { machine, labels = {} } = body;
  const runner: FakeRunner = {
    id,
    types: body.types.map(({ name }) => name),
    ...(machine !== undefined && { machine }),
    labels,
    lastSeenAt: state.clock.now(),
  };
  state.runners.set(id, runner);
  return shownRunner(state, runner);
}

export function requireRunner(state: FakeState, id: string): FakeRunner {
  const runner = state.runners.get(id);
  if (!runner) throw new SkeinError("not_found", `No runner ${id} has registered.`);
  return runner;
}

/** A good-bye: offline at once, and its claims are free. */
export function unregisterRunner(state: FakeState, id: string): void {
  requireRunner(state, id).lastSeenAt = 0;
  giveBack(state, ({ claim }) => claim?.holder === id);
}

export function shownRunner(state: FakeState, runner: FakeRunner): RunnerInfo {
  return { ...runner, types: [...runner.types], online: isOnline(state, runner) };
}

export function servesOf(state: FakeState, runner: FakeRunner, skip?: (url: string) => boolean): Serves {
  return { may: (entity) => mayTake(state, runner, entity) && skip?.(entity.url) !== true };
}

/** Waits until there is something for the runner to do. */
export async function poll(
  state: FakeState,
  id: string,
  { waitMs, acceptClaims }: z.output<typeof pollRequest>,
  gone: AbortSignal,
): Promise<Work | undefined> {
  const runner = requireRunner(state, id);
  const serves = servesOf(state, runner);
  const over = new AbortController();
  const stop = (): void => over.abort();
  const cancel = state.clock.after(waitMs, stop);
  gone.addEventListener("abort", stop, { once: true });
  if (waitMs === 0) stop();
  try {
    for (;;) {
      if (gone.aborted) return undefined;
      runner.lastSeenAt = state.clock.now();
      carryOut(state);
      const call = takeCall(state, id);
      if (call) return { kind: "call", callId: call.id, method: call.method, params: call.params ?? null };
      const claim = acceptClaims ? claimNext(state, id, serves) : undefined;
      if (claim) return claim;
      if (over.signal.aborted) return undefined;
      const due = nextTime(state);
      await news(state, due === undefined ? undefined : due - state.clock.now(), over.signal);
    }
  } finally {
    cancel();
    gone.removeEventListener("abort", stop);
  }
}

/** Until something has changed, at most so long; what is due and not done is somebody else's, and not asked for all the time. */
async function news(state: FakeState, ms: number | undefined, over: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => {
    const cancel = ms === undefined ? (): void => undefined : state.clock.after(Math.max(20, ms), () => done());
    const done = (): void => {
      cancel();
      state.changed.delete(done);
      over.removeEventListener("abort", done);
      resolve();
    };
    state.changed.add(done);
    over.addEventListener("abort", done, { once: true });
    if (over.aborted) done();
  });
}

function takeCall(state: FakeState, runner: string) {
  const call = [...state.calls.values()].find((one) => one.runner === runner && one.state === "pending");
  if (call) call.state = "taken";
  return call;
}

export interface CallOrder {
  readonly method: string;
  readonly params?: unknown;
  readonly timeoutMs: number;
}

/** Asks a runner, and waits for its answer. */
export async function callRunner(state: FakeState, runner: string, order: CallOrder): Promise<unknown> {
  const notThere = new SkeinError("runner_unavailable", `The runner ${runner} is not connected.`);
  if (!isOnline(state, requireRunner(state, runner))) throw notThere;
  const id = state.newId();
  const { method, params, timeoutMs } = order;
  const over = new AbortController();
  try {
    return await new Promise((resolve, reject) => {
      const answer: Parameters<typeof state.calls.set>[1]["answer"] = (outcome) =>
        "error" in outcome ? reject(outcome.error) : resolve(outcome.result);
      state.calls.set(id, { id, runner, method, params, state: "pending", answer });
      tell(state);
      const late = (): void => {
        const taken = state.calls.get(id)?.state === "taken";
        reject(taken ? new SkeinError("call_failed", `The runner ${runner} did not answer in time.`) : notThere);
      };
      void sleep(state.clock, timeoutMs, over.signal).then(late);
    });
  } finally {
    state.calls.delete(id);
    over.abort();
  }
}

/** Asks the runner that was seen last of those that such an entity would run on; answers which one said yes. */
export async function callTypeRunner(
  state: FakeState,
  what: Parameters<typeof mayTake>[2],
  order: CallOrder,
): Promise<string> {
  const serving = [...state.runners.values()].filter((one) => isOnline(state, one) && mayTake(state, one, what));
  const runner = serving.sort((a, b) => b.lastSeenAt - a.lastSeenAt)[0];
  if (!runner) throw new SkeinError("runner_unavailable", `No runner that runs ${what.type} is connected.`);
  await callRunner(state, runner.id, order);
  return runner.id;
}

export function answerCall(state: FakeState, runner: string, id: string, result: CallResult): void {
  const call = state.calls.get(id);
  if (!call || call.runner !== runner || call.state !== "taken") {
    throw new SkeinError("not_found", "Nobody waits for this answer any more.");
  }
  if (!("error" in result)) return call.answer({ result: result.result ?? null });
  const { code, message, details } = result.error;
  call.answer({ error: new SkeinError(isErrorCode(code) ? code : "call_failed", message, { details }) });
}

function isErrorCode(code: string): code is ErrorCode {
  return CODES.has(code);
}
