import { createPostgresStore } from "@skein/store/postgres";
import { createStreamsHandler } from "@skein/streams";
import { serveNode } from "@skein/streams/node";
import { announce, untilOrphaned } from "./parent.ts";

/** Child process: our streams over the PostgreSQL whose URL is given. */
const [url = ""] = process.argv.slice(2);
const began = performance.now();
const store = await createPostgresStore({ url, collections: {} });
const handler = createStreamsHandler({ store });
const server = await serveNode({ handler: (request) => handler(request) });
announce(server.url, performance.now() - began);
await untilOrphaned();
await server.close(0);
await store.close();
