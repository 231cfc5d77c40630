import { createRegistry, createRunner } from "@skein/runtime";
import { createClient } from "@skein/runtime/client";
import { z } from "zod";
import { line, type Benchmark } from "../benchmark.ts";
import { spawnServer } from "../servers/spawn-server.ts";
import { median, percentile } from "../statistics.ts";

/** What a person feels: from sending a message to the start of its handler, and from its row to a viewer's screen. */
const MESSAGES = 100;
const TOKEN = "token-of-the-benchmark";

export const wake: Benchmark = {
  name: "wake",
  about: "from a message to its handler, and from the handler's row to a viewer",
  async run(context) {
    const server = await spawnServer(context, "product");
    const connection = { baseUrl: server.url.origin, token: TOKEN, fetch: globalThis.fetch };
    const registry = createRegistry();
    let started = (_n: number): void => undefined;
    registry.define("bench", {
      description: "Notes what it was sent.",
      state: { notes: { type: "note", primaryKey: "key", schema: z.object({ key: z.string(), n: z.number() }) } },
      handler(ctx, { messages }) {
        for (const { payload } of messages) {
          const { n } = z.object({ n: z.number() }).parse(payload);
          started(n);
          ctx.state.notes.upsert({ key: String(n), n });
        }
      },
    });
    const runner = createRunner({ ...connection, registry, id: "bench", log: () => undefined });
    await runner.start();
    context.defer(() => runner.stop());
    const client = createClient(connection);
    const { url } = await client.spawn("bench", "one");
    const gone = new AbortController();
    context.defer(() => gone.abort());
    let seen = (_n: number): void => undefined;
    const viewing = (async () => {
      for await (const { events } of client.followStream({ path: `${url}/main`, signal: gone.signal })) {
        for (const event of events) {
          const row = noteRow.safeParse(event);
          if (row.success) seen(row.data.value.n);
        }
      }
    })();
    const toHandler: number[] = [];
    const toViewer: number[] = [];
    for (let n = 0; n < MESSAGES; n++) {
      const handled = new Promise<number>((resolve) => {
        started = (which) => which === n && resolve(performance.now());
      });
      const shown = new Promise<number>((resolve) => {
        seen = (which) => which === n && resolve(performance.now());
      });
      const sent = performance.now();
      await client.send(url, { payload: { n } });
      const at = await handled;
      toHandler.push(at - sent);
      toViewer.push((await shown) - at);
    }
    gone.abort();
    await viewing;
    return [
      line("send to handler start, p50", "ms", { ours: median(toHandler) }, "socket, SQLite, one runner"),
      line("send to handler start, p99", "ms", { ours: percentile(toHandler, 0.99) }),
      line("handler's row to a viewer, p50", "ms", { ours: median(toViewer) }, "commit at the handler's end, SSE"),
      line("handler's row to a viewer, p99", "ms", { ours: percentile(toViewer, 0.99) }),
    ];
  },
};

const noteRow = z.object({ type: z.literal("note"), value: z.object({ n: z.number() }) });
