import { afterAll, beforeAll, describe } from "vitest";
import { runConformanceTests } from "@durable-streams/server-conformance-tests";
import type { Store } from "@skein/store";
import { createStreamsHandler } from "../handler.ts";
import { serveNode, type NodeServer } from "../node/serve.ts";

const LONG_POLL_MS = 500;

/** The published conformance suite, all of it, against our handler, over real HTTP, on a store. */
export function describeConformance(
  name: string,
  openStore: () => Promise<Store> | Store,
  remove?: () => Promise<void>,
) {
  describe(`[SH1] published conformance suite, ${name}`, () => {
    const config = { baseUrl: "", longPollTimeoutMs: LONG_POLL_MS, subscriptions: true };
    const stop = new AbortController();
    const failures: unknown[] = [];
    let store: Store;
    let server: NodeServer;
    beforeAll(async () => {
      store = await openStore();
      const handler = createStreamsHandler({
        store,
        cors: { origin: "*" },
        longPollMs: LONG_POLL_MS,
        maxBodyBytes: 16 * 1024 * 1024,
        subscriptions: {},
        signal: stop.signal,
        onError: (error) => failures.push(error),
      });
      server = await serveNode({ handler: (request) => handler(request), maxBodyBytes: 16 * 1024 * 1024 });
      config.baseUrl = server.url;
    });
    afterAll(async () => {
      stop.abort();
      await server.close();
      await store.close();
      await remove?.();
      if (failures.length > 0) throw new AggregateError(failures, "The handler failed unexpectedly.");
    });
    runConformanceTests(config);
  });
}
