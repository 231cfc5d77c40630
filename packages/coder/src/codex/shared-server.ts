import type { AppServer } from "./app-server.ts";

/**
 * The one app server of a runner, for all its threads: opened when a thread needs it, ended when none does. A new one
 * never begins before the last has ended, for both hold the same locks.
 */
export interface SharedServer {
  /** A server that is alive. Rejects when none can be opened. */
  take(): Promise<AppServer>;
  /** Once for every `take`. Ends the server when it was the last. */
  giveBack(server: AppServer): Promise<void>;
}

export function createSharedServer(deps: {
  readonly open: () => Promise<AppServer>;
  /** Ends what a server left. */
  readonly clear: () => Promise<void>;
}): SharedServer {
  const users = new Map<AppServer, number>();
  const ending = new WeakSet<AppServer>();
  let current: Promise<AppServer> | undefined;
  let ended: Promise<void> = Promise.resolve();

  function end(server: AppServer): Promise<void> {
    if (ending.has(server)) return ended;
    ending.add(server);
    // A failure of the end before was told to whoever asked for it.
    const before = ended.catch(() => undefined);
    ended = before.then(() => server.end()).then(deps.clear);
    // Whoever opens the next is told of a failure.
    ended.catch(() => undefined);
    return ended;
  }

  async function opened(): Promise<AppServer> {
    // What could not be ended then may be ended now.
    await ended.catch(deps.clear);
    return deps.open();
  }

  async function take(): Promise<AppServer> {
    current ??= opened();
    const wanted = current;
    try {
      const server = await wanted;
      if (server.isAlive()) {
        users.set(server, (users.get(server) ?? 0) + 1);
        return server;
      }
      if (current === wanted) {
        current = undefined;
        void end(server);
      }
    } catch (error) {
      if (current === wanted) current = undefined;
      throw error;
    }
    return take();
  }

  return {
    take,
    async giveBack(server) {
      const left = (users.get(server) ?? 1) - 1;
      users.set(server, left);
      if (left > 0) return;
      users.delete(server);
      // Why another one could not be opened is told to whoever asked for that one.
      if ((await current?.catch(() => undefined)) === server && !users.has(server)) current = undefined;
      if (!users.has(server)) await end(server);
    },
  };
}
