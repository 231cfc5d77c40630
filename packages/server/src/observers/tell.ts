import { ENTITY_EVENTS, formatOffset, mainStream, mergeChanges, sourceText, type WakeRow } from "@skein/protocol";
import type { ServerContext } from "../context.ts";
import { canonicalJson } from "../entities/canonical-json.ts";
import { changeEventOf, SERVER_PRINCIPAL } from "../entities/events.ts";
import { pairId, type ObserverRecord } from "../records/collections.ts";
import { createDraft } from "../records/draft.ts";
import { execute, type Plan } from "../records/execute.ts";
import { createSnapshot, load } from "../records/snapshot.ts";
import { markReady } from "../wakes/rules.ts";
import { wakeRunOf } from "../wakes/runs.ts";
import type { MatchedRun, Matched } from "./matches.ts";

/** How an observer stands after it was told: `undefined` when the observation is over. */
export type Told = { readonly rows: readonly WakeRow[]; readonly after: ObserverRecord | undefined };

/**
 * Tells an observer, in one commit: the wake's rows in its stream, its wake ready, and its record as it is then. Whoever
 * commits first has done it; when the record is not as it was read, nothing is done and the answer is false.
 */
export async function tell(context: ServerContext, observer: ObserverRecord, told: Told): Promise<boolean> {
  const { store } = context;
  const { subscriber, key } = observer;
  const id = pairId(subscriber, key);
  return execute<boolean>(store, async (): Promise<Plan<boolean>> => {
    const snapshot = createSnapshot();
    await load(store, snapshot, [
      ["observers", id],
      ["entities", subscriber],
      ["wakes", subscriber],
    ]);
    const now = snapshot.get("observers", id)?.value;
    if (!now || !isAsRead(now, observer)) return { kind: "answer", answer: false };
    const draft = createDraft(snapshot);
    const entity = draft.read("entities", subscriber);
    const lives = entity !== undefined && entity.status !== "killed" && draft.read("wakes", subscriber) !== undefined;
    if (lives && told.after) draft.write("observers", id, told.after);
    else draft.remove("observers", id);
    if (lives && told.rows.length > 0) {
      const stamp = { principal: SERVER_PRINCIPAL, now: store.now() };
      const events = told.rows.map((row) => changeEventOf(ENTITY_EVENTS.wake, row.key, "insert", row, stamp));
      if (!told.after) events.push(changeEventOf(ENTITY_EVENTS.manifest, key, "delete", undefined, stamp));
      draft.append(mainStream(subscriber), events);
      markReady(draft, subscriber, stamp.now);
    }
    return { kind: "commit", operations: draft.build().operations, answer: () => true };
  });
}

function isAsRead(now: ObserverRecord, read: ObserverRecord): boolean {
  return canonicalJson(now) === canonicalJson(read);
}

/** The rows that say what matched, between the observer's cursor and `to`. */
export function rowsOf(
  observer: ObserverRecord,
  matched: Matched,
  told: { readonly to: number; readonly responses: ReadonlyMap<string, string>; readonly id: () => string },
): WakeRow[] {
  const { to, responses, id } = told;
  const head = { source: sourceText(observer.source), observe: observer.key };
  if (matched.kind === "runs") {
    return matched.runs.map((run) => ({
      ...head,
      // The same as that of the wake that was asked for at the spawn: one run is one wake.
      key: `run:${run.url}:${run.row.key}`,
      reason: "runFinished",
      ...(observer.source.kind === "entities" && { member: run.url }),
      ...wakeRunOf(run.row, responses.get(responseKey(run))),
    }));
  }
  const { changes, more } = mergeChanges(matched.events);
  return [
    {
      ...head,
      key: `change:${id()}`,
      reason: "change",
      from: formatOffset(observer.cursor),
      to: formatOffset(to),
      changes,
      more,
    },
  ];
}

export function responseKey({ url, row }: MatchedRun): string {
  return `${url} ${row.key}`;
}
