import type { ServerContext } from "../context.ts";

const PAGE = 500;

/**
 * An entity has ended: what it observes and what waits for it goes. What is left by a server that dies here goes when
 * its time comes.
 */
export async function forgetSchedules({ store }: ServerContext, url: string): Promise<void> {
  for (const [collection, index] of [
    ["observers", "bySubscriber"],
    ["delayed", "byEntity"],
  ] as const) {
    for (;;) {
      const { records } = await store.queryRecords({ collection, index, equals: [url], limit: PAGE });
      if (records.length > 0)
        await store.commit(records.map(({ id }) => ({ kind: "delete-record" as const, collection, id })));
      if (records.length < PAGE) break;
    }
  }
}
