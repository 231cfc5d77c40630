import { line, type Benchmark } from "../benchmark.ts";
import { createStream, fillStream } from "../load/streams.ts";
import { spawnServer } from "../servers/spawn-server.ts";
import { median } from "../statistics.ts";

/** What must not depend on how long a stream is: its newest 200 messages, and a fork of it. */
const SHORT = { fork: 10, read: 1000 };
const LONG = 100_000;
const ROUNDS = 40;
const JSON_TYPE = { "content-type": "application/json" };

export const history: Benchmark = {
  name: "history",
  about: "the last 200 messages, and a fork, of a short and of a long stream",
  async run(context) {
    const { url } = await spawnServer(context, "ours");
    const path = (name: string | number) => `/v1/stream/history-${name}`;
    context.progress("history, filling");
    for (const count of [SHORT.fork, SHORT.read, LONG]) {
      await createStream(url, path(count));
      await fillStream(url, path(count), count, Math.min(count, 100));
    }
    const readLast = async (of: number): Promise<number> => {
      const began = performance.now();
      const response = await fetch(new URL(`${path(of)}?last=200`, url));
      const messages: unknown = await response.json();
      if (!Array.isArray(messages) || messages.length !== 200) throw new Error("These are not 200 messages.");
      return performance.now() - began;
    };
    const fork = async (of: number, round: number): Promise<number> => {
      const headers = { ...JSON_TYPE, "stream-forked-from": path(of) };
      const began = performance.now();
      const response = await fetch(new URL(path(`fork-${of}-${round}`), url), { method: "PUT", headers });
      await response.arrayBuffer();
      if (response.status !== 201) throw new Error(`A fork was answered ${response.status}.`);
      return performance.now() - began;
    };
    const took = { readShort: [0], readLong: [0], forkShort: [0], forkLong: [0] };
    for (const times of Object.values(took)) times.length = 0;
    for (let round = 0; round < ROUNDS; round++) {
      took.readShort.push(await readLast(SHORT.read));
      took.readLong.push(await readLast(LONG));
      took.forkShort.push(await fork(SHORT.fork, round));
      took.forkLong.push(await fork(LONG, round));
    }
    const compare = (name: string, long: number[], short: number[], of: number) =>
      line(`${name} of 100,000`, "ms", { ours: median(long) }, `of ${of}: ${median(short).toPrecision(3)} ms`);
    return [
      compare("last 200 messages", took.readLong, took.readShort, SHORT.read),
      compare("fork", took.forkLong, took.forkShort, SHORT.fork),
    ];
  },
};
