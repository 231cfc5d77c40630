import type { Store } from "@skein/store";
import type { ConfigRules } from "./config.ts";
import type { EntityUnits } from "./entity-units.ts";
import type { InterestIndex } from "./interests.ts";

export interface SubscriptionsDeps extends ConfigRules {
  /** Opened with `SUBSCRIPTION_COLLECTIONS` among its collections. */
  readonly store: Store;
  /** For subscriptions to types of entities: where their claims are. */
  readonly entities?: EntityUnits;
  /** Put around the store that everybody appends through, for others who have to notice each append. */
  readonly wrap?: (store: Store) => Store;
  /** Ends the background work. */
  readonly signal?: AbortSignal;
  /** How webhooks are reached. Default: the platform's. */
  readonly fetch?: typeof fetch;
  /** Webhooks on their way at the same time, of this process. Default 16. */
  readonly maxDeliveries?: number;
  /** For the jitter of delays. */
  readonly random?: () => number;
  /** Milliseconds that only grow, for the age of the index. Default: `performance.now`. */
  readonly clock?: () => number;
  readonly onError?: (error: unknown) => void;
}

/** What all of it shares. */
export interface SubscriptionsContext extends ConfigRules {
  /** Commits through it leave no marks: what subscriptions themselves write wakes nobody. */
  readonly store: Store;
  readonly index: InterestIndex;
  readonly entities: EntityUnits | undefined;
  readonly signal: AbortSignal;
  readonly fetch: typeof fetch;
  readonly maxDeliveries: number;
  readonly random: () => number;
  readonly onError: (error: unknown) => void;
}
