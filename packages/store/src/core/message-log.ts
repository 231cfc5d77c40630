/** Items at consecutive positions, added behind and dropped in front, both at constant cost. */
export class MessageLog<Item> {
  #items: Item[] = [];
  /** Position of `#items[0]`, which may be dropped already. */
  #base: number;
  #first: number;

  constructor(first: number) {
    this.#base = first;
    this.#first = first;
  }

  append(item: Item): void {
    this.#items.push(item);
  }

  at(position: number): Item | undefined {
    return position < this.#first ? undefined : this.#items[position - this.#base];
  }

  dropBelow(first: number): void {
    this.#first = Math.max(this.#first, first);
    const dead = this.#first - this.#base;
    if (dead * 2 <= this.#items.length) return;
    this.#items = this.#items.slice(dead);
    this.#base = this.#first;
  }
}
