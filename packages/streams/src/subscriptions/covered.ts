import type { Store, StreamInfo } from "@skein/store";
import { literalPrefix, matches, segmentsOf } from "./glob.ts";
import type { SubscriptionRecord } from "./records.ts";

const BATCH = 500;

/** Whether a subscription's pattern has this stream. Its own wake stream never wakes it. */
export function covers({ pattern, wakeStream }: SubscriptionRecord, path: string): boolean {
  return pattern !== undefined && path !== wakeStream && matches(segmentsOf(pattern), segmentsOf(path));
}

/** The streams under a pattern, page by page. */
export async function* coveredStreams(
  store: Store,
  subscription: SubscriptionRecord,
): AsyncGenerator<readonly StreamInfo[]> {
  const prefix = literalPrefix(subscription.pattern ?? "");
  for (let after: string | undefined; ;) {
    const page = await store.listStreams({ prefix, limit: BATCH, ...(after !== undefined && { after }) });
    yield page.filter((stream) => !stream.deleted && covers(subscription, stream.path));
    after = page.at(-1)?.path;
    if (page.length < BATCH) return;
  }
}
