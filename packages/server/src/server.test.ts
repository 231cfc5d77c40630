import { serveNode } from "@skein/streams/node";
import { createMemoryServer } from "./testing/memory-server.ts";
import { serverSuite } from "./testing/suite/index.ts";

serverSuite("in process", async (now) => createMemoryServer({ now }));

serverSuite("over a socket", async (now) => {
  const hosts = new Set<string>();
  const server = createMemoryServer({ now, hosts });
  const node = await serveNode({ handler: (request) => server.fetch(request), maxBodyBytes: 32 * 1024 * 1024 });
  hosts.add(new URL(node.url).host);
  return {
    ...server,
    url: node.url,
    fetch: (request: Request) => fetch(request),
    async close() {
      await node.close();
      await server.close();
    },
  };
});

serverSuite("each request to another of two servers on one store", async (now) => {
  const first = createMemoryServer({ now });
  const second = createMemoryServer({ store: first.store });
  let turn = 0;
  return {
    ...first,
    fetch: (request: Request) => ((turn += 1) % 2 ? first : second).fetch(request),
    async close() {
      second.server.close();
      await first.close();
    },
  };
});
