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
  let cleared: Promise<void> = Promise.resolve();
  let closed = false;

  function end(): Promise<void> {
    const ending = agent;
    agent = undefined;
    cleared = endAfter(ending, cleared);
    // Whoever comes next is told of a failure; nobody may be there to be told now.
    cleared.catch(() => undefined);
    return cleared;
  }

  async function endAfter(ending: A | undefined, before: Promise<void>): Promise<void> {
    // A failure of the end before was told to whoever asked for it, and is tried again by this one.
    await before.catch(() => undefined);
    await ending?.end();
    await deps.clear();
  }

  return {
    current: () => agent,
    async ready() {
      if (agent !== undefined) return agent;
      // What could not be ended then may be ended now.
      await cleared.catch(end);
      const opened = await deps.open();
      if (closed) {
        await opened.end();
        throw new Error("The session was closed.");
      }
      agent = opened;
      return opened;
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
