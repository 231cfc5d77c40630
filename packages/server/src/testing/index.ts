export { createMemoryServer, type TestServer, type TestServerOptions } from "./memory-server.ts";
