/** Named points at which scripted work stops until a test lets it go on. */
export interface Gates {
  /** Resolves when somebody waits at the gate, now or later. */
  reached(name: string): Promise<void>;
  /** Lets through whoever waits at the gate, and everybody who comes later. */
  open(name: string): void;
  /** Resolves when the gate is open, or the signal aborts. */
  pass(name: string, signal: AbortSignal): Promise<void>;
}

interface Gate {
  readonly reached: Deferred;
  readonly open: Deferred;
}
interface Deferred {
  readonly promise: Promise<void>;
  readonly resolve: () => void;
}

export function createGates(): Gates {
  const gates = new Map<string, Gate>();
  const gate = (name: string): Gate => {
    const known = gates.get(name);
    if (known !== undefined) return known;
    const made = { reached: deferred(), open: deferred() };
    gates.set(name, made);
    return made;
  };
  return {
    reached: (name) => gate(name).reached.promise,
    open: (name) => gate(name).open.resolve(),
    async pass(name, signal) {
      gate(name).reached.resolve();
      await Promise.race([gate(name).open.promise, aborted(signal)]);
    },
  };
}

export function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}

function deferred(): Deferred {
  let resolve = (): void => {};
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}
