import { createSqliteStore } from "@skein/store/sqlite";
import { createStreamsHandler } from "../handler.ts";
import { serveNode } from "../node/serve.ts";

/** Child process: streams over SQLite in the folder given. Tells its address and ends with its parent. */
const [path = ""] = process.argv.slice(2);
const store = await createSqliteStore({ path, collections: {} });
const handler = createStreamsHandler({ store });
const server = await serveNode({ handler: (request) => handler(request) });
process.on("message", () => process.send?.({ rss: process.memoryUsage.rss() }));
process.send?.({ url: server.url });
process.once("disconnect", () => process.exit());
