import { SERVER_COLLECTIONS } from "@skein/server";
import { createMemoryServer } from "@skein/server/testing";
import type { TestServer } from "@skein/server/testing";
import { createSqliteStore } from "@skein/store/sqlite";

/** A server on a folder that can be stopped and started again while its runners and viewers go on. */
export interface RestartableServer extends TestServer {
  restart(): Promise<void>;
}

export async function createRestartableServer(folder: string): Promise<RestartableServer> {
  const open = async (): Promise<TestServer> =>
    createMemoryServer({ store: await createSqliteStore({ path: folder, collections: SERVER_COLLECTIONS }) });
  let current = await open();
  let isUp = true;
  return {
    url: current.url,
    token: current.token,
    get store() {
      return current.store;
    },
    get server() {
      return current.server;
    },
    async fetch(request) {
      const asked = current;
      if (!isUp) throw new TypeError("Nobody listens.");
      const answer = await asked.fetch(request);
      // A server that ends answers nothing any more.
      if (!isUp || asked !== current) throw new TypeError("The connection was cut.");
      return answer;
    },
    async restart() {
      isUp = false;
      await current.close();
      current = await open();
      isUp = true;
    },
    close: () => current.close(),
  };
}
