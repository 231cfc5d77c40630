import { ENTITY_EVENTS, mainStream } from "@skein/protocol";
import type { StoredRecord } from "@skein/store";
import type { ServerContext } from "../context.ts";
import { changeEventOf } from "../entities/events.ts";
import { addInboxRow } from "../entities/plan-send.ts";
import { allDone } from "../records/all-done.ts";
import type { DelayedRecord } from "../records/collections.ts";
import { createDraft } from "../records/draft.ts";
import { execute } from "../records/execute.ts";
import { createSnapshot, load } from "../records/snapshot.ts";
import { markReady } from "../wakes/rules.ts";

/** Messages whose time has come. */
const PAGE = 200;

/** Answers whether anything was due. */
export async function lookAtDelayed(context: ServerContext): Promise<boolean> {
  const { store } = context;
  const query = { collection: "delayed", index: "due", below: store.now() + 1, limit: PAGE };
  const { records } = await store.queryRecords<DelayedRecord>(query);
  const byEntity = new Map<string, StoredRecord<DelayedRecord>[]>();
  for (const record of [...records].sort(byTurn)) {
    const { entity } = record.value;
    byEntity.set(entity, [...(byEntity.get(entity) ?? []), record]);
  }
  await allDone(
    [...byEntity.values()].map(async (messages) => {
      for (const { id } of messages) await deliver(context, id);
    }),
  );
  return records.length > 0;
}

/** Of two that are due together the one that was sent first comes first. */
function byTurn({ value: a }: StoredRecord<DelayedRecord>, { value: b }: StoredRecord<DelayedRecord>): number {
  return a.at - b.at || a.near - b.near || (a.key < b.key ? -1 : 1);
}

export async function nextDelayed({ store }: ServerContext): Promise<number | undefined> {
  const { records } = await store.queryRecords<DelayedRecord>({ collection: "delayed", index: "due", limit: 1 });
  return records[0]?.value.at;
}

/** Puts it into the inbox and takes it out of the queue, in one commit: whichever server does it, it is there once. */
async function deliver({ store }: ServerContext, id: string): Promise<void> {
  await execute<void>(store, async () => {
    const snapshot = createSnapshot();
    await load(store, snapshot, [["delayed", id]]);
    const delayed = snapshot.get("delayed", id)?.value;
    const now = store.now();
    if (!delayed || delayed.at > now) return { kind: "answer", answer: undefined };
    const { entity: url, key, message, principal } = delayed;
    await load(store, snapshot, [
      ["entities", url],
      ["wakes", url],
    ]);
    const draft = createDraft(snapshot);
    draft.remove("delayed", id);
    const status = draft.read("entities", url)?.status;
    if (status !== undefined && status !== "killed") {
      const stamp = { principal, now };
      addInboxRow(draft, url, key, message, stamp);
      draft.append(mainStream(url), [changeEventOf(ENTITY_EVENTS.delayed, key, "delete", undefined, stamp)]);
      markReady(draft, url, now);
    }
    return { kind: "commit", operations: draft.build().operations, answer: () => undefined };
  });
}
