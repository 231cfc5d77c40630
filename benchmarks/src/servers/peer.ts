import { DurableStreamTestServer } from "@durable-streams/server";
import { announce, untilOrphaned } from "./parent.ts";

/** Child process: the published reference server with a data directory. */
const [dataDir = ""] = process.argv.slice(2);
const server = new DurableStreamTestServer({ dataDir, port: 0, host: "127.0.0.1" });
await server.start();
announce(server.url);
await untilOrphaned();
process.exit();
