import type { InboxRow, SignalRow, WakeRow } from "@skein/protocol";
import { ENTITY_EVENTS } from "@skein/protocol";
import type { RowEntry, StreamEvent } from "../client/index.ts";
import { isChangeEvent } from "../client/index.ts";
import type { InputEvent, Wake } from "../context.ts";
import type { StreamView } from "./stream-view.ts";
import { createWake } from "./wake.ts";

/**
 * What an entity was told, and how much of it has been dealt with.
 *
 *  - A pass begins with all input behind the acknowledged position; that is dealt with when the pass ends.
 *  - What arrives later is shown to listeners and is dealt with only if one of them says so.
 *  - A message that others take back is no input any more; one that they put elsewhere is a new one there.
 *  - The acknowledgement is the position of the first input that is not dealt with; what was taken beyond it is
 *    remembered (in memory: at least once, not exactly once) so that the next pass is not given it again.
 */
export interface Input {
  readonly wake: Wake;
  /** Sees the log of the main stream. */
  onLog(event: StreamEvent, position: number): void;
  onMessage(listener: Listener<InboxRow>): () => void;
  onSignal(listener: Listener<SignalRow>): () => void;
  /** The position to acknowledge now. */
  ack(): number;
}
type Listener<Row> = (row: Row) => boolean | void;

interface Arrival {
  readonly type: string;
  readonly key: string;
  readonly position: number;
  shown: boolean;
  taken: boolean;
}

const INPUT: ReadonlySet<string> = new Set([ENTITY_EVENTS.inbox, ENTITY_EVENTS.signal, ENTITY_EVENTS.wake]);

export function createInput(options: {
  readonly view: StreamView;
  readonly from: number;
  readonly firstWake: boolean;
  /** Taken beyond the acknowledged position: `type/key`. Kept by the caller from pass to pass. */
  readonly taken: Set<string>;
  readonly onListenerError: (error: unknown) => void;
}): Input {
  const { view, from, firstWake, taken } = options;
  const { fold } = view;
  let arrivals: Arrival[] = [];
  const messageListeners = new Set<Listener<InboxRow>>();
  const signalListeners = new Set<Listener<SignalRow>>();
  const wake = createWake(newInput(view, from, taken), firstWake);
  taken.clear();

  const show = <Row>(arrival: Arrival, listeners: ReadonlySet<Listener<Row>>): void => {
    if (listeners.size === 0) return;
    const row = fold.rows(arrival.type).get(arrival.key);
    if (row === undefined) return;
    arrival.shown = true;
    for (const listener of listeners) {
      try {
        if (listener(row as Row) === true) arrival.taken = true;
      } catch (error) {
        options.onListenerError(error);
      }
    }
    if (arrival.taken) taken.add(`${arrival.type}/${arrival.key}`);
  };
  const showAll = (): void => {
    for (const arrival of arrivals) {
      if (arrival.shown) continue;
      if (arrival.type === ENTITY_EVENTS.inbox) show(arrival, messageListeners);
      else if (arrival.type === ENTITY_EVENTS.signal) show(arrival, signalListeners);
    }
  };
  const listen = <Row>(listeners: Set<Listener<Row>>, listener: Listener<Row>): (() => void) => {
    listeners.add(listener);
    queueMicrotask(showAll);
    return () => listeners.delete(listener);
  };

  return {
    wake,
    onLog(event, position) {
      if (!isChangeEvent(event) || !INPUT.has(event.type)) return;
      const { type, key } = event;
      if (event.headers.operation === "delete") {
        arrivals = arrivals.filter((arrival) => arrival.type !== type || arrival.key !== key);
        taken.delete(`${type}/${key}`);
      } else if (fold.rows(type).entry(key)?.position === position) {
        arrivals.push({ type, key, position, shown: false, taken: false });
        showAll();
      }
    },
    onMessage: (listener) => listen(messageListeners, listener),
    onSignal: (listener) => listen(signalListeners, listener),
    ack: () => arrivals.find((arrival) => !arrival.taken)?.position ?? fold.position,
  };
}

/** Everything from a position on that was not taken before, in the order of the log. */
function newInput({ fold }: StreamView, from: number, taken: ReadonlySet<string>): InputEvent[] {
  const found: { readonly position: number; readonly event: InputEvent }[] = [];
  for (const type of INPUT) {
    const rows = fold.rows(type);
    for (let index = rows.size - 1; index >= 0; index -= 1) {
      const entry = rows.at(index);
      if (!entry || entry.position < from) break;
      if (!taken.has(`${type}/${entry.key}`)) found.push({ position: entry.position, event: eventOf(type, entry) });
    }
  }
  return found.sort((a, b) => a.position - b.position).map(({ event }) => event);
}

/** Rows of the built-in collections are the server's: it has checked what it stored. */
function eventOf(type: string, { value }: RowEntry<unknown>): InputEvent {
  if (type === ENTITY_EVENTS.inbox) return { kind: "message", row: value as InboxRow };
  return type === ENTITY_EVENTS.wake
    ? { kind: "wake", row: value as WakeRow }
    : { kind: "signal", row: value as SignalRow };
}
