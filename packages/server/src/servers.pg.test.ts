import type { Store } from "@skein/store";
import { createPostgresStore } from "@skein/store/postgres";
import { findPostgres, type PostgresCluster, startPostgres } from "@skein/store/testing";
import { serveNode } from "@skein/streams/node";
import { afterAll, beforeAll, describe } from "vitest";
import { MAX_COMMIT_BODY } from "./http/body.ts";
import { SERVER_COLLECTIONS } from "./records/collections.ts";
import { createMemoryServer, type TestServer } from "./testing/memory-server.ts";
import { serverSuite, type SuiteServer } from "./testing/suite/index.ts";

const bin = await findPostgres();

/** The server's rules with two servers, each with its own store, on one database. */
describe.skipIf(bin === undefined)(
  `two servers on one PostgreSQL${bin === undefined ? " (not installed: apt-get install postgresql)" : ""}`,
  () => {
    let cluster: PostgresCluster | undefined;
    beforeAll(async () => {
      cluster = await startPostgres(bin ?? "");
    });
    afterAll(async () => cluster?.stop());

    const openPair = async (now: () => number): Promise<[Store, Store]> => {
      if (!cluster) throw new Error("The cluster is not running.");
      const options = { url: await cluster.createDatabase(), collections: SERVER_COLLECTIONS, readers: 3, now };
      return [await createPostgresStore(options), await createPostgresStore(options)];
    };

    serverSuite("each request to the other than the one before", async (now) => {
      let turn = 0;
      return pair(await openPair(now), () => (turn += 1) % 2);
    });

    // Whoever waits (tails, polls, calls) waits at one server for what is done at the other.
    serverSuite(
      "writes here, reads and waits there, over sockets",
      async (now) => {
        const stores = await openPair(now);
        const hosts = new Set<string>();
        const servers = stores.map((store) => createMemoryServer({ store, hosts }));
        const nodes = await Promise.all(
          servers.map((server) =>
            serveNode({ handler: (request) => server.fetch(request), maxBodyBytes: MAX_COMMIT_BODY }),
          ),
        );
        const [here, there] = nodes.map(({ url }) => url);
        for (const { url } of nodes) hosts.add(new URL(url).host);
        return {
          url: here ?? "",
          token: servers[0]?.token ?? "",
          store: stores[0],
          fetch: (request) => {
            const waits = request.method === "GET" || request.method === "HEAD" || /\/(poll|calls)$/.test(request.url);
            if (!waits) return fetch(request);
            return fetch(new Request(request.url.replace(here ?? "", there ?? ""), request));
          },
          async close() {
            await Promise.all(nodes.map((node) => node.close(0)));
            await Promise.all(servers.map((server) => server.close()));
          },
        };
      },
      { whole: false },
    );
  },
);

function pair(stores: readonly [Store, Store], choose: () => number): SuiteServer {
  const servers: readonly TestServer[] = stores.map((store) => createMemoryServer({ store }));
  const [first] = servers;
  if (!first) throw new Error("There is no server.");
  return {
    url: first.url,
    token: first.token,
    store: stores[0],
    fetch: (request) => (servers[choose()] ?? first).fetch(request),
    async close() {
      await Promise.all(servers.map((server) => server.close()));
    },
  };
}
