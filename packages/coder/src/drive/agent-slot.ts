/**
 * The one process of a session: opened when it is needed, ended with everything it started. A new one never begins
 * before the end of the last is complete, for they carry the same marker.
 */
export interface AgentSlot<A extends Endable> {
  current(): A | undefined;
  /** Rejects when none can be opened, when what is left of the last could not be ended, or after `close`. */
  ready(): Promise<A>;
  /** The process is gone by itself: ends what it left. */
  gone(agent: A): void;
  end(): Promise<void>;
  /** Ends it for good. */
  close(): Promise<void>;
}

interface Endable {
  end(): Promise<void>;
}

export function createAgentSlot<A extends Endable>(deps: {
  readonly open: () => Promise<A>;
  /** Ends everything that carries the session's marker. */
  readonly clear: () => Promise<void>;
}): AgentSlot<A> {
  let agent: A | undefined;
  let opening: { readonly opened: Promise<A> } | undefined;
  let cleared: Promise<void> = Promise.resolve();
  let closed = false;

  function end(): Promise<void> {
    const before = cleared;
    cleared = endAfter(before, { agent, opening });
    agent = undefined;
    opening = undefined;
    // Whoever comes next is told of a failure; nobody may be there to be told now.
    cleared.catch(() => undefined);
    return cleared;
  }

  async function endAfter(
    before: Promise<void>,
    ending: { readonly agent: A | undefined; readonly opening: { readonly opened: Promise<A> } | undefined },
  ): Promise<void> {
    // A failure of the end before was told to whoever asked for it, and is tried again by this one.
    await before.catch(() => undefined);
    await ending.agent?.end();
    await deps.clear();
    // Why one that was on its way did not come is told to whoever waits for it.
    const late = await ending.opening?.opened.catch(() => undefined);
    if (late === undefined) return;
    await late.end();
    await deps.clear();
  }

  /** Whoever ends it meanwhile ends this one, too. */
  const stillWanted = (mine: typeof opening): void => {
    if (opening !== mine) throw new Error("The session was ended.");
  };

  async function open(): Promise<A> {
    // What could not be ended then may be ended now.
    const ready = cleared.catch(() => deps.clear());
    const opened = ready.then(() => {
      stillWanted(mine);
      return deps.open();
    });
    const mine = { opened };
    opening = mine;
    try {
      const found = await opened;
      stillWanted(mine);
      agent = found;
      return found;
    } finally {
      if (opening === mine) opening = undefined;
    }
  }

  return {
    current: () => agent,
    ready() {
      if (closed) return Promise.reject(new Error("The session was closed."));
      return agent === undefined ? open() : Promise.resolve(agent);
    },
    gone(ended) {
      if (agent === ended) void end();
    },
    end,
    close() {
      closed = true;
      return end();
    },
  };
}
