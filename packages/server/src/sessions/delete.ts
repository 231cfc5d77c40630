import { SkeinError } from "@skein/protocol";
import { codingSessionResourceId, sessionStreams } from "@skein/sessions";
import type { ServerContext } from "../context.ts";
import { changeEventOf } from "../entities/events.ts";
import type { ResourceRecord } from "../records/collections.ts";
import { createDraft } from "../records/draft.ts";
import { execute, refused } from "../records/execute.ts";
import { createSnapshot, load } from "../records/snapshot.ts";
import { announceSession } from "./draft.ts";

/**
 * Deletes a session for good: its history, its native records, and what is kept beside it. Forks of it stay whole:
 * what they have of it by reference stays until the last of them is deleted, too. A person does this, never a coder;
 * the coder has to be killed first.
 */
export async function deleteSession(context: ServerContext, id: string, principal: string): Promise<void> {
  const { store } = context;
  const resource = codingSessionResourceId(id);
  await execute(store, async () => {
    const snapshot = createSnapshot();
    await load(store, snapshot, [
      ["sessions", id],
      ["resources", resource],
    ]);
    const session = snapshot.get("sessions", id)?.value;
    const record = snapshot.get("resources", resource)?.value;
    if (!session) {
      // What an attempt that was cut off has left is cleared away below.
      if (record?.deleted === true) return { kind: "answer", answer: undefined };
      return refused(new SkeinError("session_not_found", `There is no session ${id}.`));
    }
    const origin = session.forkedFrom?.session;
    await load(store, snapshot, [
      ["wakes", session.coder],
      ...(record ? ([["wakes", record.driver]] as const) : []),
      ...(origin === undefined ? [] : ([["sessions", origin]] as const)),
    ]);
    const living = [session.coder, record?.driver].find((url) => url !== undefined && snapshot.get("wakes", url));
    if (living !== undefined) {
      return refused(new SkeinError("conflict", `${living} still lives. Kill it, and then delete the session.`));
    }
    const draft = createDraft(snapshot);
    const stamp = { principal, now: store.now() };
    draft.remove("sessions", id);
    draft.announce(changeEventOf("session", id, "delete", undefined, stamp));
    if (record) draft.write("resources", resource, { ...record, deleted: true });
    const of = origin === undefined ? undefined : draft.read("sessions", origin);
    if (of?.forks?.some((fork) => fork.session === id) === true) {
      announceSession(draft, { ...of, forks: of.forks.filter((fork) => fork.session !== id) }, stamp);
    }
    const { main, native, live } = sessionStreams(id);
    const gone = [main, native, live].map((path) => ({ kind: "delete-stream", path, ifMissing: "skip" }) as const);
    return { kind: "commit", operations: [...draft.build().operations, ...gone], answer: () => undefined };
  });
  await clearAway(context, resource);
}

const PAGE = 100;

/** Takes away what is kept beside a deleted session once no fork needs it, and what that leaves without need. */
async function clearAway({ store }: ServerContext, resource: string): Promise<void> {
  for (let name: string | undefined = resource; name !== undefined;) {
    const record: ResourceRecord | undefined = (await store.getRecord<ResourceRecord>("resources", name))?.value;
    if (record?.deleted !== true || (record.forks ?? 0) > 0) return;
    const prefix = `${sessionStreams(name.slice("coder-session/".length)).main}/blobs/`;
    for (;;) {
      const found = (await store.listStreams({ prefix, limit: PAGE })).filter(({ deleted }) => !deleted);
      if (found.length === 0) break;
      await store.commit(found.map(({ path }) => ({ kind: "delete-stream", path, ifMissing: "skip" }) as const));
    }
    name = await forget({ store }, name);
  }
}

/** Removes the record of a resource that nobody needs; answers with the one that it was forked from. */
async function forget({ store }: Pick<ServerContext, "store">, name: string): Promise<string | undefined> {
  return execute(store, async () => {
    const snapshot = createSnapshot();
    await load(store, snapshot, [["resources", name]]);
    const record = snapshot.get("resources", name)?.value;
    if (record?.deleted !== true || (record.forks ?? 0) > 0) return { kind: "answer", answer: undefined };
    const origin = record.forkedFrom;
    if (origin !== undefined) await load(store, snapshot, [["resources", origin]]);
    const draft = createDraft(snapshot);
    draft.remove("resources", name);
    const of = origin === undefined ? undefined : draft.read("resources", origin);
    if (of && origin !== undefined)
      draft.write("resources", origin, { ...of, forks: Math.max(0, (of.forks ?? 0) - 1) });
    return { kind: "commit", operations: draft.build().operations, answer: () => origin };
  });
}
