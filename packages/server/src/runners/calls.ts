import {
  ERROR_CODES,
  SkeinError,
  type Call,
  type CallResult,
  type DispatchPolicy,
  type ErrorCode,
} from "@skein/protocol";
import type { ServerContext } from "../context.ts";
import { createDraft } from "../records/draft.ts";
import type { CallRecord } from "../records/collections.ts";
import { createSnapshot, load } from "../records/snapshot.ts";
import { watchCollections } from "./change-latch.ts";
import { onlineRunners, mayTake } from "../wakes/lanes.ts";
import { isOnline } from "./online.ts";
import { getRunner } from "./runner.ts";

/**
 * Questions to a runner, relayed through records: the server that takes the question, the one that the runner polls
 * and the one that it answers may be three. Nothing of a call outlives its time.
 */

export interface CallOrder {
  readonly method: string;
  readonly params: unknown;
  readonly timeoutMs: number;
}

const MAX_PENDING = 100;
const SWEEP = 20;
const KNOWN_CODES: ReadonlySet<string> = new Set(ERROR_CODES);

/** Asks one runner and waits for its answer. */
export async function callRunner(context: ServerContext, runnerId: string, order: CallOrder): Promise<unknown> {
  const { store } = context;
  const runner = await getRunner(context, runnerId);
  if (!isOnline(runner, store.now(), context.runnerTimeoutMs)) throw notThere(runnerId);
  await sweep(context);
  const queue = { collection: "calls", index: "byRunner", equals: [runnerId, "pending"], limit: MAX_PENDING };
  if ((await store.queryRecords(queue)).records.length >= MAX_PENDING) {
    throw new SkeinError("runner_unavailable", `The runner ${runnerId} has too many questions waiting.`);
  }
  const now = store.now();
  const callId = context.rules.id();
  const value: CallRecord = {
    runner: runnerId,
    method: order.method,
    params: order.params ?? null,
    state: "pending",
    createdAt: now,
    expiresAt: now + order.timeoutMs,
  };
  const latch = watchCollections(store, ["calls"]);
  try {
    await store.commit([{ kind: "put-record", collection: "calls", id: callId, value, expectedVersion: 0 }]);
    return await awaitAnswer(context, { callId, runnerId, order, latch });
  } finally {
    latch.close();
    await store.commit([{ kind: "delete-record", collection: "calls", id: callId }]);
  }
}

async function awaitAnswer(
  { store, signal }: ServerContext,
  waiting: {
    readonly callId: string;
    readonly runnerId: string;
    readonly order: CallOrder;
    readonly latch: ReturnType<typeof watchCollections>;
  },
): Promise<unknown> {
  const { callId, runnerId, order, latch } = waiting;
  const end = performance.now() + order.timeoutMs;
  for (;;) {
    const record = await store.getRecord<CallRecord>("calls", callId);
    const answer = record?.value.answer;
    if (answer?.kind === "result") return answer.result;
    if (answer?.kind === "error") throw errorOf(answer);
    const left = end - performance.now();
    if (signal.aborted) throw new SkeinError("unavailable", "The server is stopping.");
    if (left <= 0) {
      if (record?.value.state !== "taken") throw notThere(runnerId);
      const seconds = Math.round(order.timeoutMs / 1000);
      throw new SkeinError("call_failed", `The runner ${runnerId} did not answer within ${seconds} s.`);
    }
    await latch.wait(left, signal);
  }
}

/** Asks a runner that serves a type, may take work of this kind, and is there; says which one that was. */
export async function callTypeRunner(
  context: ServerContext,
  { type, dispatch }: { readonly type: string; readonly dispatch: DispatchPolicy | undefined },
  order: CallOrder,
): Promise<{ readonly runner: string; readonly result: unknown }> {
  const online = await onlineRunners(context);
  const runner = online.find((one) => (dispatch ? mayTake(one, { type, dispatch }, online) : one.types.includes(type)));
  if (!runner) {
    const which = dispatch ? "that it may run on" : `that runs ${type}`;
    throw new SkeinError("runner_unavailable", `No runner ${which} is connected. Start one and try again.`);
  }
  return { runner: runner.id, result: await callRunner(context, runner.id, order) };
}

/** The runner's side: the oldest question that nobody took yet. */
export async function takeCall({ store }: ServerContext, runnerId: string): Promise<Call | undefined> {
  const query = { collection: "calls", index: "byRunner", equals: [runnerId, "pending"], limit: 8 };
  const { records } = await store.queryRecords<CallRecord>(query);
  for (const { id, version, value } of records) {
    if (value.expiresAt <= store.now()) continue;
    const taken: CallRecord = { ...value, state: "taken" };
    const outcome = await store.commit([
      { kind: "put-record", collection: "calls", id, value: taken, expectedVersion: version },
    ]);
    if (outcome.kind === "committed") return { kind: "call", callId: id, method: value.method, params: value.params };
  }
  return undefined;
}

/** The runner's answer. One that comes too late finds nobody. */
export async function answerCall(
  { store }: ServerContext,
  runnerId: string,
  { callId, result }: { readonly callId: string; readonly result: CallResult },
): Promise<void> {
  const snapshot = createSnapshot();
  await load(store, snapshot, [["calls", callId]]);
  const draft = createDraft(snapshot);
  const call = draft.read("calls", callId);
  if (!call || call.runner !== runnerId || call.state !== "taken") {
    throw new SkeinError("not_found", "Nobody waits for this answer any more.");
  }
  const answer =
    "error" in result
      ? ({ kind: "error", ...result.error } as const)
      : ({ kind: "result", result: result.result ?? null } as const);
  draft.write("calls", callId, { ...call, state: "answered", answer });
  const outcome = await store.commit(draft.build().operations);
  if (outcome.kind === "rejected") throw new SkeinError("not_found", "Nobody waits for this answer any more.");
}

/** Questions whose asker died with its server. */
async function sweep({ store }: ServerContext): Promise<void> {
  const { records } = await store.queryRecords({
    collection: "calls",
    index: "byExpiry",
    below: store.now() - 60_000,
    limit: SWEEP,
  });
  if (records.length === 0) return;
  await store.commit(records.map(({ id }) => ({ kind: "delete-record" as const, collection: "calls", id })));
}

function errorOf(answer: { readonly code: string; readonly message: string; readonly details?: unknown }): SkeinError {
  const details = answer.details === undefined ? {} : { details: answer.details };
  if (isErrorCode(answer.code)) return new SkeinError(answer.code, answer.message, details);
  return new SkeinError("call_failed", answer.message, { details: { code: answer.code, ...details } });
}

function isErrorCode(code: string): code is ErrorCode {
  return KNOWN_CODES.has(code);
}

function notThere(runner: string): SkeinError {
  return new SkeinError("runner_unavailable", `The runner ${runner} is not connected.`);
}
