import { delayedRow, ENTITY_EVENTS, formatOffset, mainStream, type Message, type SendResult } from "@skein/protocol";
import { hashSecret } from "../auth/secrets.ts";
import type { ServerContext } from "../context.ts";
import type { ReceiptRecord } from "../records/collections.ts";
import { createDraft } from "../records/draft.ts";
import { execute, refused } from "../records/execute.ts";
import { createSnapshot, load } from "../records/snapshot.ts";
import { readEvents } from "../wakes/read-events.ts";
import { addSend, sendKeys } from "./plan-send.ts";

/** Queues a message: durable with its wake when this resolves. */
export async function send(
  context: ServerContext,
  order: { readonly to: string; readonly message: Message },
  principal: string,
): Promise<SendResult> {
  const { store, rules } = context;
  const { to, message } = order;
  const receipt = message.idempotencyKey === undefined ? undefined : hashSecret(message.idempotencyKey);
  const main = mainStream(to);
  const outcome = await execute<SendResult | ReceiptRecord>(store, async () => {
    const snapshot = createSnapshot();
    await load(store, snapshot, sendKeys(to, receipt));
    const looksAt = receipt !== undefined || message.at !== undefined || message.afterMs !== undefined;
    const near = looksAt ? ((await store.getStream(main))?.head ?? 0) : 0;
    const draft = createDraft(snapshot);
    const request = { to, message, near, ...(receipt !== undefined && { receipt }) };
    const plan = addSend(draft, request, rules, { principal, now: store.now() });
    if (plan.kind === "refused") return refused(plan.error);
    if (plan.kind === "duplicate") return { kind: "answer", answer: plan.receipt };
    const commit = draft.build();
    return {
      kind: "commit",
      operations: commit.operations,
      answer: (results) => {
        const { stream } = commit.appended(main, results);
        const dueAt = plan.dueAt === undefined ? {} : { dueAt: plan.dueAt };
        return { key: plan.key, offset: formatOffset(stream.head), duplicate: false, ...dueAt };
      },
    };
  });
  return "offset" in outcome ? outcome : repeat(context, main, outcome);
}

const QUEUED: ReadonlySet<string> = new Set([ENTITY_EVENTS.inbox, ENTITY_EVENTS.delayed]);

/** The first answer again: the message is looked up where it must be. */
async function repeat({ store }: ServerContext, main: string, receipt: ReceiptRecord): Promise<SendResult> {
  for await (const { events } of readEvents(store, main, receipt.near)) {
    const found = events.find(({ event: { type, key } }) => key === receipt.key && QUEUED.has(type));
    if (!found) continue;
    const delayed = delayedRow.safeParse(found.event.value);
    const dueAt = delayed.success ? { dueAt: delayed.data.dueAt } : {};
    return { key: receipt.key, offset: formatOffset(found.position + 1), duplicate: true, ...dueAt };
  }
  throw new Error(`The message ${receipt.key} has a receipt and is not in ${main}.`);
}
