/** Listeners by name. What one of them throws is its own failure and does not keep the others from hearing. */
export class Watchers {
  readonly #listeners = new Map<string, Set<() => void>>();

  add(name: string, listener: () => void): () => void {
    const own = () => listener();
    const listeners = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, listeners.add(own));
    return () => {
      listeners.delete(own);
      if (listeners.size === 0 && this.#listeners.get(name) === listeners) this.#listeners.delete(name);
    };
  }

  /** What is watched now. */
  names(): IterableIterator<string> {
    return this.#listeners.keys();
  }

  notify(names: Iterable<string>): void {
    for (const name of names)
      for (const listener of this.#listeners.get(name) ?? []) {
        try {
          listener();
        } catch (error) {
          queueMicrotask(() => {
            throw error;
          });
        }
      }
  }

  clear(): void {
    this.#listeners.clear();
  }
}
