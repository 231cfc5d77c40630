import { createClient, type ConnectionOptions } from "@skein/runtime/client";
import { createEmbeddedServer } from "@skein/server/presets";
import { z } from "zod";
import { line, type Benchmark, type BenchmarkContext, type Line } from "../benchmark.ts";
import { spawnServer, type ServerProcess } from "../servers/spawn-server.ts";
import { median, percentile } from "../statistics.ts";
import { startRunner, TOKEN } from "./handlers.ts";
import { histories } from "./histories.ts";
import { inParallel, throughput } from "./throughput.ts";

/** What a person feels: from sending a message to the start of its handler, and from its row to a viewer's screen. */
const MESSAGES = 60;
const IDLE = 5_000;

export const wake: Benchmark = {
  name: "wake",
  about: "from a message to its handler, whatever the history, warm and cold; wakes a second; an idle entity's memory",
  async run(context) {
    const server = await spawnServer(context, "product");
    const socket = { baseUrl: server.url.origin, token: TOKEN, fetch: globalThis.fetch };
    // First: what else happened in the process would be in the figure.
    context.progress("idle entities");
    const memory = await idleMemory(server, socket);
    context.progress("a message to its viewer");
    const viewed = await toViewer(context, socket);
    context.progress("histories over HTTP");
    const remote = await histories(context, socket, "HTTP");
    context.progress("wakes a second");
    const many = await throughput(context, socket, "HTTP");
    context.progress("histories in process");
    const embedded = await createEmbeddedServer({ home: await context.folder(), port: 0, token: TOKEN });
    context.defer(() => embedded.close());
    const direct = { baseUrl: embedded.url, token: TOKEN, fetch: (request: Request) => embedded.fetch(request) };
    const local = await histories(context, direct, "in process");
    const localMany = await throughput(context, direct, "in process");
    return [...viewed, ...local, ...remote, ...localMany, ...many, ...memory];
  },
};

/** A handler's row on a viewer's screen. */
async function toViewer(context: BenchmarkContext, connection: ConnectionOptions): Promise<Line[]> {
  let seen = (_n: number): void => undefined;
  const begun = new Map<number, number>();
  const told = { started: (_url: string, n: number) => void begun.set(n, performance.now()) };
  const runner = await startRunner(context, connection, { id: "viewed", told });
  const client = createClient(connection);
  const { url } = await client.spawn("bench", "one");
  const gone = new AbortController();
  context.defer(() => gone.abort());
  const viewing = (async () => {
    for await (const { events } of client.followStream({ path: `${url}/main`, signal: gone.signal })) {
      for (const event of events) {
        const row = noteRow.safeParse(event);
        if (row.success) seen(row.data.value.n);
      }
    }
  })();
  const times: number[] = [];
  for (let n = 0; n < MESSAGES; n++) {
    const shown = new Promise<number>((resolve) => {
      seen = (which) => which === n && resolve(performance.now());
    });
    await client.send(url, { payload: { n } });
    times.push((await shown) - (begun.get(n) ?? Number.NaN));
  }
  gone.abort();
  await viewing;
  await runner.stop();
  return [
    line("handler's row to a viewer, p50", "ms", { ours: median(times) }, "commit at the handler's end, SSE"),
    line("handler's row to a viewer, p99", "ms", { ours: percentile(times, 0.99) }),
  ];
}

/** What the server's process grows by for each entity that nobody talks to. */
async function idleMemory(server: ServerProcess, connection: ConnectionOptions): Promise<Line[]> {
  const client = createClient(connection);
  await client.registerEntityType({ name: "sleeper", description: "Sleeps." });
  const before = await server.usage();
  await inParallel(IDLE, async (n) => void (await client.spawn("sleeper", `s${n}`)));
  const after = await server.usage();
  const perEntity = (after.rss - before.rss) / IDLE / 1024;
  return [
    line(`memory of an idle entity, of ${IDLE} just made`, "KiB", { ours: perEntity }, "whole process, caches too"),
  ];
}

const noteRow = z.object({ type: z.literal("note"), value: z.object({ n: z.number() }) });
