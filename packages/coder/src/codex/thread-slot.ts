import type { OpenThread } from "./thread.ts";

/**
 * The thread of a session: opened when it is needed, and given back with what its commands left. A new one is never
 * opened before the end of the last is complete.
 */
export interface ThreadSlot {
  current(): OpenThread | undefined;
  /** Rejects when it cannot be opened. */
  ready(): Promise<OpenThread>;
  drop(): Promise<void>;
  /** Also one that is on its way. */
  close(): Promise<void>;
}

export function createThreadSlot(deps: {
  readonly open: () => Promise<OpenThread>;
  /** Ends a thread, or what is left where none is open. */
  readonly end: (thread: OpenThread | undefined) => Promise<void>;
}): ThreadSlot {
  let thread: OpenThread | undefined;
  let opening: Promise<OpenThread> | undefined;
  let ending: Promise<void> = Promise.resolve();

  async function open(): Promise<OpenThread> {
    await ending;
    thread = await deps.open();
    return thread;
  }

  function drop(): Promise<void> {
    const dropped = thread;
    thread = undefined;
    // A failure of the end before was told to whoever asked for it.
    const before = ending.catch(() => undefined);
    ending = before.then(() => deps.end(dropped));
    // Whoever opens the next is told of a failure; nobody may be there to be told now.
    ending.catch(() => undefined);
    return ending;
  }

  return {
    current: () => thread,
    ready() {
      if (thread !== undefined) return Promise.resolve(thread);
      opening ??= open().finally(() => {
        opening = undefined;
      });
      return opening;
    },
    drop,
    async close() {
      // Whoever asked for it is told why it could not be opened.
      await opening?.catch(() => undefined);
      await drop();
    },
  };
}
