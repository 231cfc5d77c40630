import {
  changeEvent,
  ENTITY_EVENTS,
  formatOffset,
  inboxRow,
  mainStream,
  parseEntityUrl,
  type InboxEditResult,
} from "@skein/protocol";
import type { Store } from "@skein/store";
import type { ServerContext } from "../context.ts";
import { pairId } from "../records/collections.ts";
import { createDraft } from "../records/draft.ts";
import { execute, refused } from "../records/execute.ts";
import { createSnapshot, load } from "../records/snapshot.ts";
import { readEvents } from "../wakes/read-events.ts";
import { planMessage, type MessageOrder, type MessageSituation, type QueuedMessage } from "./plan-message.ts";

/** So far back it is looked whether a message that does not wait was there at all. */
const LOOK_BACK = 2000;

/** Edits, moves or takes back a message that nobody handles yet. */
export async function changeMessage(
  context: ServerContext,
  target: { readonly url: string; readonly key: string; readonly order: MessageOrder },
  principal: string,
): Promise<InboxEditResult> {
  const { store, rules } = context;
  const { url, key } = target;
  const main = mainStream(url);
  return execute<InboxEditResult>(store, async () => {
    const snapshot = createSnapshot();
    await load(store, snapshot, [
      ["entities", url],
      ["wakes", url],
      ["types", parseEntityUrl(url)?.type ?? ""],
      ["delayed", pairId(url, key)],
    ]);
    const waits = snapshot.get("delayed", pairId(url, key)) !== undefined;
    const acked = snapshot.get("wakes", url)?.value.acked ?? 0;
    const situation = waits ? NOTHING : await readQueue(store, main, { acked, key });
    const draft = createDraft(snapshot);
    const plan = planMessage(draft, target, situation, rules, { principal, now: store.now() });
    if (plan.kind === "refused") return refused(plan.error);
    const commit = draft.build();
    // It has the place that it is to have.
    if (!commit.paths.includes(main)) return { kind: "answer", answer: { key, offset: formatOffset(situation.head) } };
    return {
      kind: "commit",
      operations: commit.operations,
      answer: (results) => {
        const { stream } = commit.appended(main, results);
        return { key, offset: formatOffset(stream.head), ...(plan.dueAt !== undefined && { dueAt: plan.dueAt }) };
      },
    };
  });
}

const NOTHING: MessageSituation = { head: 0, queued: [], handled: false };

async function readQueue(
  store: Store,
  main: string,
  { acked, key }: { readonly acked: number; readonly key: string },
): Promise<MessageSituation> {
  const queued = new Map<string, QueuedMessage>();
  let head = 0;
  for await (const page of readEvents(store, main, acked)) {
    head = page.head;
    for (const { position, event } of page.events) {
      if (event.type !== ENTITY_EVENTS.inbox) continue;
      const { operation } = event.headers;
      const row = inboxRow.safeParse(event.value);
      // A change of a message that lies in front of the acknowledged position is not another message.
      const known = queued.get(event.key)?.position ?? (operation === "insert" ? position : undefined);
      if (operation === "delete") queued.delete(event.key);
      else if (row.success && known !== undefined) queued.set(event.key, { row: row.data, position: known });
    }
  }
  const handled = !queued.has(key) && (await wasThere(store, main, acked, key));
  return { head, queued: [...queued.values()], handled };
}

async function wasThere(store: Store, main: string, acked: number, key: string): Promise<boolean> {
  const page = await store.readStream(main, { before: acked, limit: LOOK_BACK });
  if (page.kind !== "read") return false;
  const decoder = new TextDecoder();
  return page.messages.some(({ body }) => {
    const event = changeEvent.safeParse(JSON.parse(decoder.decode(body)));
    return event.success && event.data.type === ENTITY_EVENTS.inbox && event.data.key === key;
  });
}
