import { line, type Benchmark } from "../benchmark.ts";
import { appendRequest, Connection } from "../load/connection.ts";
import { createStream, message } from "../load/streams.ts";
import { spawnServer } from "../servers/spawn-server.ts";

/** What 10,000 streams cost that nobody uses: memory, and time at the next start. */
const STREAMS = 10_000;
const AT_ONCE = 64;

export const idle: Benchmark = {
  name: "idle",
  about: "memory of 10,000 idle streams, and the start with them",
  async run(context) {
    const folder = await context.folder();
    const empty = await spawnServer(context, "ours", folder);
    const before = (await empty.usage()).rss;
    context.progress(`idle, making ${STREAMS} streams`);
    const began = performance.now();
    await Promise.all(
      Array.from({ length: AT_ONCE }, async (_, first) => {
        const connection = await Connection.open(empty.url);
        for (let n = first; n < STREAMS; n += AT_ONCE) {
          await createStream(empty.url, `/v1/stream/idle-${n}`);
          await connection.send(appendRequest(empty.url, `/v1/stream/idle-${n}`, message(n)));
        }
        connection.close();
      }),
    );
    const madeMs = performance.now() - began;
    const after = (await empty.usage()).rss;
    await empty.stop();
    const again = await spawnServer(context, "ours", folder);
    const restarted = (await again.usage()).rss;
    const mib = (bytes: number) => bytes / 1024 / 1024;
    return [
      line(
        "10,000 idle streams, memory",
        "MiB",
        { ours: mib(after - before) },
        "more than the empty server's, after making them",
      ),
      line(
        "10,000 idle streams, memory after a start",
        "MiB",
        { ours: mib(restarted - before) },
        "more than the empty server's",
      ),
      line("start with 10,000 streams", "ms", { ours: again.openMs }, "from opening the store until it listens"),
      line("making a stream with a message", "streams/s", { ours: (STREAMS / madeMs) * 1000 }, `${AT_ONCE} at once`),
    ];
  },
};
