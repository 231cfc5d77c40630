/**
 * Rows in the order in which they were first inserted, growing at both ends: live events behind, older pages in
 * front. Everything but the occasional compaction is O(1); `at` makes it the source of a virtualised list.
 */
export interface RowEntry<Row> {
  readonly key: string;
  readonly value: Row;
  /** Position in the log of the event that first inserted the row. */
  readonly position: number;
}

interface Slot<Row> {
  key: string;
  value: Row;
  position: number;
  /** Index into `back`, or `-1 - index` into `front`. */
  index: number;
}

export class OrderedRows<Row = unknown> {
  readonly #byKey = new Map<string, Slot<Row>>();
  /** Older rows, newest of them first, so that both arrays grow at their ends. Holes are deleted rows. */
  #front: (Slot<Row> | undefined)[] = [];
  #back: (Slot<Row> | undefined)[] = [];
  #holes = 0;

  get size(): number {
    return this.#byKey.size;
  }

  has(key: string): boolean {
    return this.#byKey.has(key);
  }

  get(key: string): Row | undefined {
    return this.#byKey.get(key)?.value;
  }

  entry(key: string): RowEntry<Row> | undefined {
    return this.#byKey.get(key);
  }

  /** Inserts at the end, or replaces the value where the row stands. */
  put(key: string, value: Row, position: number): void {
    const slot = this.#byKey.get(key);
    if (slot) {
      slot.value = value;
      return;
    }
    const added = { key, value, position, index: this.#back.length };
    this.#back.push(added);
    this.#byKey.set(key, added);
  }

  /** Puts a row in front of all others: its own if it is new, else the row that is there moves and keeps its value. */
  putFirst(key: string, value: Row, position: number): void {
    const slot = this.#byKey.get(key);
    if (slot) this.#vacate(slot);
    const added = { key, value: slot ? slot.value : value, position, index: -1 - this.#front.length };
    this.#front.push(added);
    this.#byKey.set(key, added);
  }

  delete(key: string): boolean {
    const slot = this.#byKey.get(key);
    if (!slot) return false;
    this.#vacate(slot);
    this.#byKey.delete(key);
    return true;
  }

  clear(): void {
    this.#byKey.clear();
    this.#front = [];
    this.#back = [];
    this.#holes = 0;
  }

  /** The row at a place in the order; negative counts from the end. */
  at(index: number): RowEntry<Row> | undefined {
    if (this.#holes > 0) this.#compact();
    const place = index < 0 ? index + this.size : index;
    const { length } = this.#front;
    return place < length ? this.#front[length - 1 - place] : this.#back[place - length];
  }

  /** Rows that come or move while one iterates may or may not be seen; deleted ones are not. */
  *entries(): Generator<RowEntry<Row>, void, undefined> {
    const front = this.#front;
    const back = this.#back;
    for (let index = front.length - 1; index >= 0; index -= 1) {
      const slot = front[index];
      if (slot && this.#byKey.get(slot.key) === slot) yield slot;
    }
    for (let index = 0; index < back.length; index += 1) {
      const slot = back[index];
      if (slot && this.#byKey.get(slot.key) === slot) yield slot;
    }
  }

  #vacate(slot: Slot<Row>): void {
    if (slot.index >= 0) this.#back[slot.index] = undefined;
    else this.#front[-1 - slot.index] = undefined;
    this.#holes += 1;
    if (this.#holes > 64 && this.#holes > this.size) this.#compact();
  }

  /** New arrays, so that an iteration under way goes on over the old ones. */
  #compact(): void {
    this.#front = this.#front.filter((slot) => slot !== undefined);
    this.#back = this.#back.filter((slot) => slot !== undefined);
    for (const [index, slot] of this.#front.entries()) if (slot) slot.index = -1 - index;
    for (const [index, slot] of this.#back.entries()) if (slot) slot.index = index;
    this.#holes = 0;
  }
}
