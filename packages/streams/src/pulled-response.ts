/**
 * A body that is made part by part, each when it is asked for. `next` is not called while it is running.
 */
export type Part = readonly Uint8Array[];

export interface Parts {
  /** The next part, in pieces; `undefined` at the end. Rejects when the body cannot be made whole. */
  next(): Promise<Part | undefined>;
  /** Nobody wants the rest. May come while `next` is running, and more than once. */
  cancel(): void;
}

/**
 * A response over parts. As a web response it has them as its stream; the Node adapter takes them as they are, which
 * spares it the stream: a reader's part is then a promise and a write.
 */
export class PulledResponse extends Response {
  readonly #parts: Parts;

  constructor(parts: Parts, init: ResponseInit) {
    super(streamOf(parts), init);
    this.#parts = parts;
  }

  /** Instead of `body`: who takes them has to ask for all of them, or to cancel. */
  takeParts(): Parts {
    if (this.bodyUsed) throw new TypeError("The body has been read.");
    return this.#parts;
  }
}

function streamOf(parts: Parts): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const part = await parts.next();
        if (part === undefined) controller.close();
        else for (const piece of part) controller.enqueue(piece);
      },
      cancel: () => parts.cancel(),
    },
    { highWaterMark: 0 },
  );
}

/** Any body as parts. */
export function partsOf(response: Response): Parts | undefined {
  if (response instanceof PulledResponse) return response.takeParts();
  const reader = response.body?.getReader();
  return (
    reader && {
      next: async () => {
        const { value } = await reader.read();
        return value && [value];
      },
      cancel: () => void reader.cancel().catch(() => undefined),
    }
  );
}
