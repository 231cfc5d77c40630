import { mainStream, type Claim } from "@skein/protocol";
import { hashSecret } from "../auth/secrets.ts";
import type { ServerContext } from "../context.ts";
import { agentPrincipal } from "../entities/events.ts";
import { withStatus } from "../entities/plan-signal.ts";
import { memberKeys } from "../observers/members.ts";
import type { WakeRecord } from "../records/collections.ts";
import { createDraft } from "../records/draft.ts";
import { execute, refused } from "../records/execute.ts";
import { createSnapshot, load } from "../records/snapshot.ts";
import { loadOpenRuns, loadSubscribers } from "./load-run-end.ts";
import { planClaim } from "./plan-claim.ts";
import { checkClaim, readied, renewed, type ClaimRef } from "./rules.ts";
import { mayGoOn } from "./waiting.ts";

/** So many of the longest waiting are looked at; others may take them first. */
const CANDIDATES = 16;

/** Claims the entity of these queues that has been ready longest; `undefined` when none is, or others were faster. */
export async function claimNext(
  context: ServerContext,
  runner: string,
  queues: readonly string[],
): Promise<Claim | undefined> {
  for (const { id: url, value: wake } of await dueEntities(context, queues)) {
    if (wake.waitsFor !== undefined && !(await mayGoOn(context, url))) continue;
    const claim = await claimEntity(context, runner, url);
    if (claim) return claim;
  }
  return undefined;
}

async function dueEntities(
  { store }: ServerContext,
  queues: readonly string[],
): Promise<{ readonly id: string; readonly value: WakeRecord }[]> {
  const pages = await Promise.all(
    queues.map((queue) =>
      store.queryRecords<WakeRecord>({
        collection: "wakes",
        index: "due",
        equals: [queue],
        below: store.now() + 1,
        limit: CANDIDATES,
      }),
    ),
  );
  return pages
    .flatMap(({ records }) => records)
    .sort((a, b) => (a.value.claimableAt ?? 0) - (b.value.claimableAt ?? 0));
}

/** When the next of these queues falls due, if any is waiting for a time. */
export async function nextDue({ store }: ServerContext, queues: readonly string[]): Promise<number | undefined> {
  const pages = await Promise.all(
    queues.map((queue) =>
      store.queryRecords<WakeRecord>({ collection: "wakes", index: "due", equals: [queue], limit: 1 }),
    ),
  );
  const times = pages.flatMap(({ records }) => records.map(({ value }) => value.claimableAt ?? Infinity));
  return times.length === 0 ? undefined : Math.min(...times);
}

/** One attempt: whoever commits first has it, and everybody else looks for other work. */
export async function claimEntity(context: ServerContext, runner: string, url: string): Promise<Claim | undefined> {
  const { store, leaseMs } = context;
  const snapshot = createSnapshot();
  await load(store, snapshot, [
    ["wakes", url],
    ["entities", url],
  ]);
  const openRuns = await loadOpenRuns(store, snapshot, url);
  const subscriptions = openRuns.length > 0 ? await loadSubscribers(store, snapshot, url) : [];
  if (openRuns.length > 0) await load(store, snapshot, memberKeys(snapshot.get("entities", url)?.value));
  const claimId = context.secret();
  const draft = createDraft(snapshot);
  const claim = planClaim(
    draft,
    { url, runner, claimId, hash: hashSecret(claimId), leaseMs, openRuns, subscriptions },
    { principal: agentPrincipal(url), now: store.now() },
  );
  if (!claim) return undefined;
  const before = snapshot.get("wakes", url)?.value;
  const outcome = await store.commit(draft.build().operations);
  if (outcome.kind === "rejected") return undefined;
  const waitedMs = Math.max(0, store.now() - (before?.claimableAt ?? store.now()));
  context.observe({ kind: "claimed", waitedMs, expired: before?.state === "claimed" });
  return claim;
}

export async function heartbeat(
  { store, leaseMs }: ServerContext,
  url: string,
  ref: ClaimRef,
): Promise<{ leaseMs: number }> {
  return execute(store, async () => {
    const snapshot = createSnapshot();
    await load(store, snapshot, [["wakes", url]]);
    const wake = snapshot.get("wakes", url)?.value;
    const lost = checkClaim(wake, ref, store.now());
    if (lost || !wake) return refused(lost ?? neverHere(url));
    const draft = createDraft(snapshot);
    draft.write("wakes", url, renewed(wake, store.now() + leaseMs));
    return { kind: "commit", operations: draft.build().operations, answer: () => ({ leaseMs }) };
  });
}

function neverHere(url: string): never {
  throw new Error(`The claim of ${url} holds without a wake.`);
}

/** Gives back every claim that a runner held before it was started anew. */
export async function releaseClaims(context: ServerContext, runner: string): Promise<void> {
  const { store } = context;
  for (;;) {
    const query = { collection: "wakes", index: "byHolder", equals: [runner], limit: 100 };
    const page = await store.queryRecords<WakeRecord>(query);
    for (const { id } of page.records) await release(context, id, (wake) => wake.claim?.holder === runner);
    if (page.records.length < query.limit) return;
  }
}

/** Ends a claim without an acknowledgement, if `when` still holds. */
export async function release(
  { store, streams }: ServerContext,
  url: string,
  when: (wake: WakeRecord) => boolean,
): Promise<void> {
  await execute<void>(store, async () => {
    const snapshot = createSnapshot();
    await load(store, snapshot, [
      ["wakes", url],
      ["entities", url],
    ]);
    const wake = snapshot.get("wakes", url)?.value;
    const entity = snapshot.get("entities", url)?.value;
    if (!wake || !entity || wake.state !== "claimed" || !when(wake)) return { kind: "answer", answer: undefined };
    const now = store.now();
    const draft = createDraft(snapshot);
    draft.write("wakes", url, readied(wake, now));
    withStatus(draft, entity, wake.held ?? "idle", { principal: agentPrincipal(url), now });
    return { kind: "commit", operations: draft.build().operations, answer: () => undefined };
  });
  await streams.subscriptions?.look(mainStream(url));
}
