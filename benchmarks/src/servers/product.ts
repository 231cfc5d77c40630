import { createEmbeddedServer } from "@skein/server/presets";
import { announce, untilOrphaned } from "./parent.ts";

/** Child process: the whole server over the home given, with a token that the benchmark knows. */
const [home = ""] = process.argv.slice(2);
const began = performance.now();
const server = await createEmbeddedServer({ home, port: 0, token: "token-of-the-benchmark" });
announce(server.url, performance.now() - began);
await untilOrphaned();
await server.close();
