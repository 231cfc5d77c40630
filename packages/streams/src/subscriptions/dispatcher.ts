import type { SubscriptionsContext } from "./context.ts";
import { createDeliveries } from "./deliveries.ts";
import { lookAtDue, nextDue } from "./due.ts";
import { lookAtMarks } from "./marks.ts";

/**
 * Turns marks into wakes and due times into offers. It has no state: a hint of the store or a timer makes it look, and
 * what is to be done is in the records. Any number of servers may run one over the same store.
 */
export interface Dispatcher {
  /** Looks until nothing is to be done now, webhooks on their way included. */
  run(): Promise<void>;
}

const COLLECTIONS = ["ds_marks", "ds_units", "ds_subscriptions", "ds_trash"];
/** What is due and others are at is not looked at in a tight loop. */
const MIN_WAIT_MS = 20;
const MAX_WAIT_MS = 60_000;
const AFTER_FAILURE_MS = 1000;

export function createDispatcher(context: SubscriptionsContext): Dispatcher {
  const { signal, store } = context;
  let looking: Promise<void> | undefined;
  let again = false;
  let timer: NodeJS.Timeout | undefined;

  const isLooking = (): boolean => looking !== undefined && !signal.aborted;
  const deliveries = createDeliveries(context, () => kick());
  const later = (ms: number): void => {
    if (signal.aborted) return;
    timer = setTimeout(kick, ms);
    timer.unref();
  };
  const look = async (): Promise<void> => {
    do {
      again = false;
      const marks = await lookAtMarks(context);
      const due = await lookAtDue(context, deliveries);
      if (marks || due) again = true;
    } while (again && !signal.aborted);
    const next = signal.aborted ? undefined : await nextDue(context);
    if (next !== undefined) later(Math.min(Math.max(next - store.now(), MIN_WAIT_MS), MAX_WAIT_MS));
  };
  const start = (): Promise<void> => {
    clearTimeout(timer);
    looking = look()
      .catch((error: unknown) => {
        if (signal.aborted) return;
        context.onError(error);
        later(AFTER_FAILURE_MS);
      })
      .finally(() => {
        looking = undefined;
        if (again && !signal.aborted) kick();
      });
    return looking;
  };
  function kick(): void {
    again = true;
    if (looking === undefined && !signal.aborted) void start();
  }

  const unwatch = signal.aborted ? [] : COLLECTIONS.map((collection) => store.watchCollection(collection, kick));
  signal.addEventListener(
    "abort",
    () => {
      clearTimeout(timer);
      for (const end of unwatch) end();
    },
    { once: true },
  );
  kick();
  return {
    async run() {
      do {
        again = true;
        await (looking ?? start());
        await deliveries.idle();
      } while (isLooking());
    },
  };
}
