import { formatOffset } from "@skein/protocol";
import { createRegistry, createRunner } from "@skein/runtime";
import { createClient } from "@skein/runtime/client";
import {
  codingSessionResourceId,
  codingSessionResourceSchema,
  nativeStateId,
  nativeStreamSchema,
} from "@skein/sessions";
import { line, type Benchmark } from "../benchmark.ts";
import { spawnServer } from "../servers/spawn-server.ts";
import { median, percentile } from "../statistics.ts";

/** What a fork costs beside the length of the history that it begins with: it should not matter. */
const SIZES = [10, 10_000, 100_000] as const;
const FORKS = 60;
const BATCH = 2_000;
const TOKEN = "token-of-the-benchmark";

export const fork: Benchmark = {
  name: "fork",
  about: "the fork of a session with 10, 10,000 and 100,000 rows",
  async run(context) {
    const server = await spawnServer(context, "product");
    const connection = { baseUrl: server.url.origin, token: TOKEN, fetch: globalThis.fetch };
    const client = createClient(connection);
    const written = new Map<string, () => void>();
    const registry = createRegistry();
    registry.define("bench", {
      description: "Has a history of a certain length.",
      fork: {},
      async handler(ctx) {
        const session = await ctx.mkdb(codingSessionResourceId(ctx.id), codingSessionResourceSchema, { load: "none" });
        const native = await ctx.mkdb(nativeStateId(ctx.id), nativeStreamSchema, { load: "none" });
        const size = Number(ctx.id.slice("rows-".length));
        for (let n = 0; n < size; n += 1) {
          session.collections.transcript.insert(rowOf(n));
          if (n % 10 === 0)
            native.records.insert({ kind: "bytes", key: `${n}`, file: "session", offset: n, text: "{}\n" });
          if (n % BATCH === BATCH - 1) await ctx.flush();
        }
        await ctx.flush();
        written.get(ctx.id)?.();
      },
    });
    const runner = createRunner({ ...connection, registry, id: "bench", log: () => undefined });
    await runner.start();
    for (const size of SIZES) {
      context.progress(`${size.toLocaleString("en")} rows`);
      const id = `rows-${size}`;
      const done = new Promise<void>((resolve) => written.set(id, resolve));
      await client.spawn("bench", id);
      await done;
    }
    // From here on nobody else works: what is measured is the server's answer, which means that the fork is durable.
    await runner.stop();

    const times = new Map(SIZES.map((size) => [size, { end: [] as number[], middle: [] as number[] }]));
    for (let n = -5; n < FORKS; n += 1) {
      for (const size of SIZES) {
        for (const where of ["end", "middle"] as const) {
          const at = where === "end" ? {} : { at: formatOffset(size / 2) };
          const begun = performance.now();
          await client.fork(`/bench/rows-${size}`, { id: `${where}-${size}-${n + 5}`, ...at });
          if (n >= 0) times.get(size)?.[where].push(performance.now() - begun);
        }
      }
    }
    return SIZES.flatMap((size) => {
      const { end = [], middle = [] } = times.get(size) ?? {};
      const rows = `${size.toLocaleString("en")} rows`;
      return [
        line(`fork at the end of ${rows}, p50`, "ms", { ours: median(end) }, "socket, SQLite"),
        line(`fork in the middle of ${rows}, p50`, "ms", { ours: median(middle) }),
        line(`fork at the end of ${rows}, p95`, "ms", { ours: percentile(end, 0.95) }),
      ];
    });
  },
};

function rowOf(n: number) {
  const payload = { v: 1, type: "assistant_message", text: `What was said in row ${n}. `.repeat(4) } as const;
  return { key: `row-${n}`, ts: n, type: payload.type, payload };
}
