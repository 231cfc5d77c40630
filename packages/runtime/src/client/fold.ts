import type { StreamEvent } from "./events.ts";
import { isChangeEvent } from "./events.ts";
import { OrderedRows } from "./ordered-rows.ts";

/**
 * Folds the events of a state stream into rows. Used by the handler context, the React hooks and the CLI alike.
 *
 *  - The last event of a row in the log decides its value; the first one since it was last absent decides its place.
 *  - Insert, update and upsert all set the value: a fold may begin in the middle of a log, and an insert that comes
 *    twice is the same row.
 *  - `reset` empties everything that was folded before it.
 */
export interface Fold {
  /** How many messages of the log are in it, counted from where the log begins: the position to read on from. */
  readonly position: number;
  /** Where it begins in the log: the position to read backwards from. */
  readonly start: number;
  /** Rises with every change: a snapshot for `useSyncExternalStore`. */
  readonly version: number;
  /** Takes the events behind those it has. `start` is the position of the first one, if the fold is empty. */
  apply(events: readonly StreamEvent[], start?: number): void;
  /** Takes the page in front of what it has. Only on a `partial` fold. */
  prepend(events: readonly StreamEvent[]): void;
  /** The rows of an event type. The same object at every call. */
  rows(type: string): OrderedRows;
  types(): readonly string[];
}

export type Keep = "all" | "keys" | "none";

export interface FoldOptions {
  /** What to hold of each event type: rows, only their keys (values are `undefined`), or nothing. Default: rows. */
  readonly keep?: (type: string) => Keep;
  /** Types of which old rows were dropped: an update of a row that is not there is one of a row that was. */
  readonly trimmed?: (type: string) => boolean;
  /** The fold may begin in the middle of the log and be given older pages. Costs memory for deleted keys. */
  readonly partial?: boolean;
}

/** What a fold remembers of what is gone, so that older pages don't bring it back. */
interface Gone {
  readonly keys: Map<string, Set<string>>;
  everything: boolean;
}

export function createFold(options: FoldOptions = {}): Fold {
  const keep = options.keep ?? (() => "all");
  const collections = new Map<string, OrderedRows>();
  const gone: Gone | undefined = options.partial ? { keys: new Map(), everything: false } : undefined;
  let start: number | undefined;
  let position = 0;
  let version = 0;

  const rows = (type: string): OrderedRows => {
    let found = collections.get(type);
    if (!found) collections.set(type, (found = new OrderedRows()));
    return found;
  };

  const applyOne = (event: StreamEvent, at: number): void => {
    if (!isChangeEvent(event)) {
      if (event.headers.control !== "reset") return;
      for (const collection of collections.values()) collection.clear();
      if (gone) gone.everything = true;
      return;
    }
    const kept = keep(event.type);
    if (kept === "none") return;
    if (event.headers.operation === "delete") {
      rows(event.type).delete(event.key);
      if (gone) addTo(gone.keys, event.type, event.key);
      return;
    }
    if (event.headers.operation === "update" && options.trimmed?.(event.type) && !rows(event.type).has(event.key))
      return;
    rows(event.type).put(event.key, kept === "all" ? event.value : undefined, at);
  };

  return {
    get position() {
      return position;
    },
    get start() {
      return start ?? 0;
    },
    get version() {
      return version;
    },
    rows,
    types: () => [...collections.keys()],
    apply(events, from) {
      if (start === undefined) {
        start = from ?? 0;
        position = start;
      }
      for (const event of events) {
        applyOne(event, position);
        position += 1;
      }
      if (events.length > 0) version += 1;
    },
    prepend(events) {
      if (!gone) throw new Error("only a partial fold takes older pages");
      const page = createFold({ keep, partial: true });
      const pageStart = (start ?? 0) - events.length;
      page.apply(events, pageStart);
      start = pageStart;
      if (!gone.everything) mergeOlder(page, events, rows, gone);
      version += 1;
    },
  };
}

/** Rows of the page go in front, unless what came later had deleted them; a later value wins. */
function mergeOlder(page: Fold, events: readonly StreamEvent[], rows: (type: string) => OrderedRows, gone: Gone): void {
  for (const type of page.types()) {
    const absent = gone.keys.get(type);
    for (const { key, value, position } of [...page.rows(type).entries()].reverse()) {
      if (absent?.has(key)) continue;
      rows(type).putFirst(key, value, position);
    }
  }
  for (const event of events) {
    if (!isChangeEvent(event)) {
      if (event.headers.control === "reset") gone.everything = true;
    } else if (event.headers.operation === "delete") addTo(gone.keys, event.type, event.key);
  }
}

function addTo(sets: Map<string, Set<string>>, type: string, key: string): void {
  const set = sets.get(type);
  if (set) set.add(key);
  else sets.set(type, new Set([key]));
}
