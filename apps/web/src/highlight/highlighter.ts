import type { HighlightAnswer, HighlightRequest } from "./runs.ts";

/** Colours code in a worker, one text after the other, and remembers the last ones. */
export interface Highlighter {
  /** What is remembered of this text; the runs of `runs.ts`. */
  readonly known: (language: string, text: string) => Uint32Array | undefined;
  /** Resolves with nothing when the text stays plain. Never rejects. */
  readonly highlight: (language: string, text: string, signal: AbortSignal) => Promise<Uint32Array | undefined>;
}

/** What the highlighter needs of a worker. */
export interface Port {
  readonly post: (request: HighlightRequest) => void;
  readonly end: () => void;
}

export interface HighlighterOptions {
  /** Starts a worker. `onFailure`: it could not be started, or broke. */
  readonly start: (onAnswer: (answer: HighlightAnswer) => void, onFailure: () => void) => Port;
  readonly after: (ms: number, call: () => void) => () => void;
}

/** A regular expression that meets the wrong text never ends: then the worker does. */
const PATIENCE_MS = 4_000;
/** Characters of texts that are remembered, and the most that one may have. */
const MEMORY = 1_500_000;
const MOST = 100_000;
/** After so many lost workers the rest stays plain. */
const MOST_FAILURES = 5;

interface Job {
  readonly request: HighlightRequest;
  readonly signal: AbortSignal;
  readonly resolve: (runs: Uint32Array | undefined) => void;
}

export function createHighlighter({ start, after }: HighlighterOptions): Highlighter {
  const memory = createMemory();
  let port: Port | undefined;
  let failures = 0;
  let ids = 0;
  let queue: Job[] = [];
  let current: Job | undefined;
  let stopWaiting: () => void = () => undefined;

  const finish = (runs: Uint32Array | undefined): void => {
    stopWaiting();
    const job = current;
    current = undefined;
    if (job !== undefined) {
      memory.set(job.request.language, job.request.text, runs ?? new Uint32Array());
      job.resolve(runs);
    }
    next();
  };
  const fail = (): void => {
    port?.end();
    port = undefined;
    failures += 1;
    finish(undefined);
  };
  const next = (): void => {
    if (current !== undefined) return;
    // Who has gone does not wait for colours; who came last is most likely in view.
    for (const job of queue) if (job.signal.aborted) job.resolve(undefined);
    queue = queue.filter((job) => !job.signal.aborted);
    const job = queue.pop();
    if (job === undefined) return;
    current = job;
    if (failures >= MOST_FAILURES) return finish(undefined);
    port ??= start((answer) => {
      if (answer.id === current?.request.id) finish(answer.runs);
    }, fail);
    stopWaiting = after(PATIENCE_MS, fail);
    port.post(job.request);
  };

  return {
    known: (language, text) => memory.get(language, text),
    async highlight(language, text, signal) {
      if (text.length > MOST) return undefined;
      return (
        memory.get(language, text) ??
        new Promise((resolve) => {
          queue.push({ request: { id: ++ids, language, text }, signal, resolve });
          next();
        })
      );
    },
  };
}

function createMemory() {
  const known = new Map<string, Uint32Array>();
  let size = 0;
  const keyOf = (language: string, text: string): string => `${language}\n${text}`;
  return {
    get: (language: string, text: string) => known.get(keyOf(language, text)),
    set(language: string, text: string, runs: Uint32Array): void {
      const key = keyOf(language, text);
      if (known.has(key)) return;
      known.set(key, runs);
      size += key.length;
      for (const oldest of known.keys()) {
        if (size <= MEMORY) break;
        known.delete(oldest);
        size -= oldest.length;
      }
    },
  };
}
