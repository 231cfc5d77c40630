import type { ChangeEvent } from "@skein/protocol";

/** A handler's writes over the rows of the log, by event type and key. */
export interface Overlay {
  /** `below`: whether the log's fold has the row. */
  write(event: ChangeEvent, below: boolean): void;
  get(type: string, key: string): OverlayRow | undefined;
  /** In the order of the writes. */
  rows(type: string): ReadonlyMap<string, OverlayRow>;
  clear(): void;
}

export interface OverlayRow {
  readonly value: unknown;
  /** False: deleted. */
  readonly present: boolean;
  /** Where it shows: in the place of the log's row, or behind all of them. */
  readonly inPlace: boolean;
}

const NONE: ReadonlyMap<string, OverlayRow> = new Map();

export function createOverlay(): Overlay {
  const types = new Map<string, Map<string, OverlayRow>>();
  return {
    write({ type, key, value, headers }, below) {
      let rows = types.get(type);
      if (!rows) types.set(type, (rows = new Map()));
      const before = rows.get(key);
      if (headers.operation === "delete") {
        rows.delete(key);
        rows.set(key, { value: undefined, present: false, inPlace: below });
        return;
      }
      // A row that was deleted and made again stands at the end, as it will in the log.
      const inPlace = before ? before.inPlace && before.present : below;
      if (before && !before.present) rows.delete(key);
      rows.set(key, { value, present: true, inPlace });
    },
    get: (type, key) => types.get(type)?.get(key),
    rows: (type) => types.get(type) ?? NONE,
    clear: () => types.clear(),
  };
}
