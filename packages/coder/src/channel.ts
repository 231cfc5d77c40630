/** A queue with one reader: what is pushed is read in order, and the reader ends after `end`. */
export interface Channel<T> extends AsyncIterable<T> {
  push(value: T): void;
  end(): void;
}

export function createChannel<T>(): Channel<T> {
  const values: T[] = [];
  let ended = false;
  let wake = (): void => {};

  async function* read(): AsyncGenerator<T> {
    for (;;) {
      const waiting = values.splice(0);
      yield* waiting;
      if (values.length > 0) continue;
      if (ended) return;
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  }

  return {
    push(value) {
      if (ended) return;
      values.push(value);
      wake();
    },
    end() {
      ended = true;
      wake();
    },
    [Symbol.asyncIterator]: read,
  };
}
