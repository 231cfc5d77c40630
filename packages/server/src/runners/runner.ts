import { SkeinError, type RunnerInfo, type RunnerLabels } from "@skein/protocol";
import type { ServerContext } from "../context.ts";
import { registerType, type Registration } from "../entities/plan-type.ts";
import { checkRegistration } from "../entities/types.ts";
import type { RunnerRecord } from "../records/collections.ts";
import { createDraft } from "../records/draft.ts";
import { execute } from "../records/execute.ts";
import { createSnapshot, load, type RecordKey } from "../records/snapshot.ts";
import { releaseClaims } from "../wakes/claim.ts";
import { isOnline } from "./online.ts";

const MAX_RUNNERS = 1000;

export function toRunnerInfo(record: RunnerRecord, now: number, timeoutMs: number): RunnerInfo {
  return { ...record, types: [...record.types], online: isOnline(record, now, timeoutMs) };
}

/**
 * A runner starts: its types are registered with it, and what an earlier process of the same name still held is given
 * back, so that a restart does not wait for leases to run out.
 */
export async function registerRunner(
  context: ServerContext,
  id: string,
  registration: {
    readonly types: readonly Registration[];
    readonly machine?: string;
    readonly labels?: RunnerLabels;
  },
): Promise<RunnerInfo> {
  for (const type of registration.types) checkRegistration(context, type);
  await releaseClaims(context, id);
  const { store } = context;
  return execute(store, async () => {
    const now = store.now();
    const snapshot = createSnapshot();
    await load(store, snapshot, [["runners", id], ...registration.types.map(({ name }): RecordKey => ["types", name])]);
    const draft = createDraft(snapshot);
    for (const type of registration.types) registerType(draft, type, now);
    const record: RunnerRecord = {
      id,
      types: registration.types.map(({ name }) => name),
      ...(registration.machine !== undefined && { machine: registration.machine }),
      ...(registration.labels && { labels: registration.labels }),
      lastSeenAt: now,
    };
    draft.write("runners", id, record);
    const info = toRunnerInfo(record, now, context.runnerTimeoutMs);
    return { kind: "commit", operations: draft.build().operations, answer: () => info };
  });
}

export async function getRunner({ store }: ServerContext, id: string): Promise<RunnerRecord> {
  const record = await store.getRecord<RunnerRecord>("runners", id);
  if (!record) throw new SkeinError("not_found", `No runner ${id} has registered.`);
  return record.value;
}

/** All that have registered, the latest seen first. */
export async function listRunners({ store, runnerTimeoutMs }: ServerContext): Promise<RunnerInfo[]> {
  const query = { collection: "runners", index: "bySeen", descending: true, limit: MAX_RUNNERS };
  const page = await store.queryRecords<RunnerRecord>(query);
  return page.records.map(({ value }) => toRunnerInfo(value, store.now(), runnerTimeoutMs));
}

/** Notes that a runner is there; told at most every `everyMs`, since each time is a write. */
export async function touchRunner({ store }: ServerContext, id: string, everyMs: number): Promise<void> {
  await execute<void>(store, async () => {
    const snapshot = createSnapshot();
    await load(store, snapshot, [["runners", id]]);
    const record = snapshot.get("runners", id)?.value;
    const now = store.now();
    if (!record || now - record.lastSeenAt < everyMs) return { kind: "answer", answer: undefined };
    const draft = createDraft(snapshot);
    draft.write("runners", id, { ...record, lastSeenAt: now });
    return { kind: "commit", operations: draft.build().operations, answer: () => undefined };
  });
}

/** A runner says good-bye: it is offline at once, and its claims are free. */
export async function unregisterRunner(context: ServerContext, id: string): Promise<void> {
  await getRunner(context, id);
  await releaseClaims(context, id);
  await execute<void>(context.store, async () => {
    const snapshot = createSnapshot();
    await load(context.store, snapshot, [["runners", id]]);
    const record = snapshot.get("runners", id)?.value;
    if (!record) return { kind: "answer", answer: undefined };
    const draft = createDraft(snapshot);
    draft.write("runners", id, { ...record, lastSeenAt: 0 });
    return { kind: "commit", operations: draft.build().operations, answer: () => undefined };
  });
}
