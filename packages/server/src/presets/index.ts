export { createEmbeddedServer, type EmbeddedServer, type EmbeddedServerOptions } from "./embedded.ts";
