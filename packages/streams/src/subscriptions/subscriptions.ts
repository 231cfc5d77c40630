import type { Operation, Store } from "@skein/store";
import type { SubscriptionsContext, SubscriptionsDeps } from "./context.ts";
import { createDispatcher } from "./dispatcher.ts";
import { createInterestIndex } from "./interests.ts";
import { createMarkingStore } from "./marking.ts";
import { pairId, type MarkRecord } from "./records.ts";
import { handleSubscriptions } from "./routes.ts";

/** The subscriptions of the Durable Streams protocol, over a store that any number of servers may share. */
export interface Subscriptions {
  /** The store that everybody has to append through, so that each append is noticed in its own commit. */
  readonly store: Store;
  handle(request: Request): Promise<Response>;
  /** Looks again at a stream, although nothing was appended: an entity's claim has ended. */
  look(path: string): Promise<void>;
  /** Looks until nothing is to be done now. For tests that move the clock; otherwise it happens by itself. */
  run(): Promise<void>;
}

export function createSubscriptions(deps: SubscriptionsDeps): Subscriptions {
  const clock = deps.clock ?? (() => performance.now());
  const signal = deps.signal ?? new AbortController().signal;
  const index = createInterestIndex(deps.store, clock, signal);
  const context: SubscriptionsContext = {
    store: deps.store,
    index,
    entities: deps.entities,
    signal,
    fetch: deps.fetch ?? ((input, init) => fetch(input, init)),
    maxDeliveries: deps.maxDeliveries ?? 16,
    random: deps.random ?? Math.random,
    // eslint-disable-next-line no-console -- the last way out: an error is never lost
    onError: deps.onError ?? ((error) => console.error(error)),
    ...(deps.mayLink && { mayLink: deps.mayLink }),
    ...(deps.entityPattern && { entityPattern: deps.entityPattern }),
  };
  const dispatcher = createDispatcher(context);
  const marking = createMarkingStore(deps.store, index, clock);
  return {
    store: deps.wrap ? deps.wrap(marking) : marking,
    handle: (request) => handleSubscriptions(context, request),
    async look(path) {
      await index.ensure();
      const marks = index.match(path).map(({ id, uid }): Operation => {
        const value: MarkRecord = { id, uid, path, fresh: true };
        return { kind: "put-record", collection: "ds_marks", id: pairId(uid, path), value };
      });
      if (marks.length > 0) await deps.store.commit(marks);
    },
    run: () => dispatcher.run(),
  };
}
