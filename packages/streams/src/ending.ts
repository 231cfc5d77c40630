/**
 * Something that ends once, and what is to be done then. What an AbortSignal is, without its limit on listeners: a
 * server has as many as it has live readers.
 */
export class Ending {
  readonly #listeners = new Set<() => void>();
  #ended = false;

  /** Ends when the signal is aborted. */
  static of(signal: AbortSignal | undefined): Ending {
    const ending = new Ending();
    signal?.addEventListener("abort", () => ending.end(), { once: true });
    if (signal?.aborted === true) ending.end();
    return ending;
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** Calls the listener at the end, at once if that was; returns the undoing. */
  onEnd(listener: () => void): () => void {
    if (this.#ended) listener();
    else this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    for (const listener of this.#listeners) listener();
    this.#listeners.clear();
  }
}
