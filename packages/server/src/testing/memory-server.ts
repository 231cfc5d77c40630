import type { Store } from "@skein/store";
import { createMemoryStore } from "@skein/store/memory";
import { createStreams } from "@skein/streams";
import { createTokenAuth } from "../auth/token.ts";
import { SERVER_COLLECTIONS } from "../records/collections.ts";
import { createServer, type Server, type ServerDeps } from "../server.ts";

export interface TestServer {
  readonly url: string;
  readonly token: string;
  readonly store: Store;
  readonly server: Server;
  fetch(request: Request): Promise<Response>;
  close(): Promise<void>;
}

export interface TestServerOptions extends Partial<
  Pick<ServerDeps, "leaseMs" | "runnerTimeoutMs" | "id" | "secret" | "log" | "push" | "staticFiles">
> {
  /** Default: a new memory store. It is closed with the server. */
  readonly store?: Store;
  /** Default: the system's clock. Only for the store that is made here. */
  readonly now?: () => number;
  /** Names that the server answers to besides the host of its `url`. */
  readonly hosts?: ReadonlySet<string>;
  readonly origins?: ReadonlySet<string>;
}

const URL = "http://skein.test";

/** A whole server in memory, without a socket: for tests of whatever talks to one. */
export function createMemoryServer(options: TestServerOptions = {}): TestServer {
  const { store: given, now, hosts, origins, ...deps } = options;
  const store = given ?? createMemoryStore({ collections: SERVER_COLLECTIONS, ...(now && { now }) });
  const stop = new AbortController();
  const token = "test-token-of-a-memory-server";
  const server = createServer({
    store,
    streams: (subscriptions) => createStreams({ store, subscriptions, signal: stop.signal }),
    auth: createTokenAuth({ token, principal: "user:test", cookieName: "skein_test" }),
    guard: () => ({ hosts: new Set(["skein.test", ...(hosts ?? [])]), origins: origins ?? new Set() }),
    ...deps,
  });
  return {
    url: URL,
    token,
    store,
    server,
    fetch: (request) => server.fetch(request),
    async close() {
      stop.abort();
      server.close();
      await store.close();
    },
  };
}
