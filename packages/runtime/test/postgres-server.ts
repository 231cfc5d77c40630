import { SERVER_COLLECTIONS } from "@skein/server";
import { createMemoryServer } from "@skein/server/testing";
import { createPostgresStore } from "@skein/store/postgres";
import { serveNode } from "@skein/streams/node";

/** Child process: a server on the database given, to be killed. Tells its address and token, and ends with its parent. */
const [database = ""] = process.argv.slice(2);
const hosts = new Set<string>();
const store = await createPostgresStore({ url: database, collections: SERVER_COLLECTIONS, readers: 4 });
const server = createMemoryServer({ store, hosts, leaseMs: 2000 });
const node = await serveNode({ handler: (request) => server.fetch(request) });
hosts.add(new URL(node.url).host);
process.send?.({ url: node.url, token: server.token });
process.once("disconnect", () => process.exit());
