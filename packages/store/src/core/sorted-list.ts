/** Distinct texts in order, found by halving. For what fits in memory. */
export class SortedList {
  readonly #items: string[] = [];

  add(item: string): void {
    const index = this.#indexOf(item);
    if (this.#items[index] !== item) this.#items.splice(index, 0, item);
  }

  delete(item: string): void {
    const index = this.#indexOf(item);
    if (this.#items[index] === item) this.#items.splice(index, 1);
  }

  /** At most `limit` of `[low, high)`, from the end when `descending`. */
  range(low: string, high: string, limit: number, descending = false): string[] {
    const start = this.#indexOf(low);
    const end = Math.max(start, this.#indexOf(high));
    return descending
      ? this.#items.slice(Math.max(start, end - limit), end).reverse()
      : this.#items.slice(start, Math.min(end, start + limit));
  }

  /** Where the item is, or would be. */
  #indexOf(item: string): number {
    let low = 0;
    let high = this.#items.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const other = this.#items[middle];
      if (other !== undefined && other < item) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
