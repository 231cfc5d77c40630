import type { ServerContext } from "../context.ts";
import { lookAtDueObservers, nextDueObserver } from "../observers/due.ts";
import { lookAtNews } from "../observers/fan-out.ts";
import { createRests } from "../observers/rests.ts";
import { allDone } from "../records/all-done.ts";
import { lookAtDelayed, nextDelayed } from "./deliver.ts";

/**
 * What nobody asks for and has to be done: messages and wakes whose time has come, observers to tell. It has no state: a
 * hint of the store or one timer (for whatever is due next, however much waits) makes it look, and what is to be done
 * is in the records. Every server runs one; whoever commits first has done it.
 */
export interface Background {
  /** Looks soon. */
  kick(): void;
  /** Looks, and resolves when all that was to be done at the time of the call is done, by whichever server. */
  settle(): Promise<void>;
}

const COLLECTIONS = ["delayed", "observers", "news"];
/** What is due and others are at is not looked at in a tight loop. */
const MIN_WAIT_MS = 20;
const MAX_WAIT_MS = 60_000;
const AFTER_FAILURE_MS = 1000;
/** After so many rounds of one look others have their turn. */
const MAX_ROUNDS = 100;

export function createBackground(context: ServerContext): Background {
  const { signal, store, log } = context;
  const rests = createRests();
  let looking: Promise<void> | undefined;
  let again = false;
  let timer: NodeJS.Timeout | undefined;

  const later = (ms: number): void => {
    if (signal.aborted) return;
    clearTimeout(timer);
    timer = setTimeout(kick, ms);
    timer.unref();
  };
  const look = async (): Promise<void> => {
    again = false;
    let busy = true;
    for (let round = 0; busy && round < MAX_ROUNDS && !signal.aborted; round += 1) {
      busy = false;
      const looks = [lookAtDelayed(context), lookAtNews(context, rests), lookAtDueObservers(context)];
      await allDone(looks.map(async (found) => (busy = (await found) || busy)));
    }
    if (busy) again = true;
    const next = signal.aborted ? undefined : await nextDue(context);
    const wait = Math.min(next === undefined ? Infinity : next - store.now(), rests.left ?? Infinity);
    if (wait !== Infinity) later(Math.min(Math.max(wait, MIN_WAIT_MS), MAX_WAIT_MS));
  };
  const start = (): Promise<void> => {
    clearTimeout(timer);
    looking = look().finally(() => {
      looking = undefined;
      if (again) kick();
    });
    return looking;
  };
  function kick(): void {
    again = true;
    if (looking !== undefined || signal.aborted) return;
    start().catch((error: unknown) => {
      if (signal.aborted) return;
      log({ level: "error", message: "What was due could not be carried out; it is tried again in a moment.", error });
      later(AFTER_FAILURE_MS);
    });
  }

  const unwatch = COLLECTIONS.map((collection) => store.watchCollection(collection, kick));
  const stop = (): void => {
    clearTimeout(timer);
    for (const end of unwatch) end();
  };
  signal.addEventListener("abort", stop, { once: true });
  kick();
  return {
    kick,
    async settle() {
      // One that began before the call may have looked too early.
      await looking?.catch(() => undefined);
      rests.end();
      if (!signal.aborted) await (looking ?? start());
    },
  };
}

/** When something falls due next: two index look-ups, however much waits. */
async function nextDue(context: ServerContext): Promise<number | undefined> {
  const times = await Promise.all([nextDelayed(context), nextDueObserver(context)]);
  const known = times.filter((at) => at !== undefined);
  return known.length === 0 ? undefined : Math.min(...known);
}
