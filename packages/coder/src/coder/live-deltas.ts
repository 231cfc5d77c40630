import type { ChangeEvent } from "@skein/protocol";
import { DELTA_EVENT } from "@skein/sessions";
import type { CodingSessionDelta } from "@skein/sessions";
import type { Clock } from "../clock.ts";

/**
 * Sends deltas to viewers, at most twenty times a second and session: what comes between two sends is joined. They are
 * not durable, so a send that fails is not tried again; the completed row says it all.
 */
export interface LiveDeltas {
  add(delta: CodingSessionDelta): void;
  /** The row is there: what waits under its key is not sent any more. */
  complete(liveKey: string): void;
  stop(): void;
}

const INTERVAL_MS = 50;

export function createLiveDeltas(deps: {
  readonly clock: Clock;
  readonly send: (events: readonly ChangeEvent[]) => Promise<void>;
}): LiveDeltas {
  let waiting: CodingSessionDelta[] = [];
  let sending = false;
  let cancel: (() => void) | undefined;

  function schedule(): void {
    if (cancel !== undefined || sending || waiting.length === 0) return;
    cancel = deps.clock.after(INTERVAL_MS, () => void send());
  }

  async function send(): Promise<void> {
    cancel = undefined;
    const events = waiting.map(toEvent);
    waiting = [];
    if (events.length === 0) return;
    sending = true;
    // Viewers get the whole with the row; a claim that is lost shows at the next commit.
    await deps.send(events).catch(() => undefined);
    sending = false;
    schedule();
  }

  return {
    add(delta) {
      const last = waiting.at(-1);
      const joins = last?.key === delta.key && delta.at === last.at + last.text.length && delta.text !== "";
      if (joins) waiting[waiting.length - 1] = { ...last, text: last.text + delta.text };
      else waiting.push(delta);
      schedule();
    },
    complete(liveKey) {
      waiting = waiting.filter(({ key }) => key !== liveKey);
    },
    stop() {
      cancel?.();
      cancel = undefined;
      waiting = [];
    },
  };
}

function toEvent(delta: CodingSessionDelta): ChangeEvent {
  return { type: DELTA_EVENT, key: delta.key, value: delta, headers: { operation: "upsert" } };
}
