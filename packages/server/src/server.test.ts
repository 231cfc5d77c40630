import { createMemoryServer } from "./testing/memory-server.ts";
import { serverSuite } from "./testing/suite/index.ts";

serverSuite("in process", async (now) => createMemoryServer({ now }));
