import { line, type Benchmark } from "../benchmark.ts";
import { createStream, fillStream } from "../load/streams.ts";
import { spawnField, type ServerProcess } from "../servers/spawn-server.ts";
import { median } from "../statistics.ts";

/**
 * All of a stream of 100,000 messages, by following the protocol's offsets until it is up to date; and its newest 200.
 */
const MESSAGES = 100_000;
const BATCH = 100;
const ROUNDS = 5;
const PATH = "/v1/stream/catch-up";

export const catchUp: Benchmark = {
  name: "catch-up",
  about: "reading 100,000 messages, and the last 200 of them",
  async run(context) {
    const { ours, peer, floor } = await spawnField(context);
    for (const { url } of [ours, peer, floor]) {
      context.progress("catch-up, filling");
      await createStream(url, PATH);
      await fillStream(url, PATH, MESSAGES, BATCH);
    }
    const all: Record<"ours" | "peer" | "floor", number[]> = { ours: [], peer: [], floor: [] };
    const stalls: Record<"ours" | "peer", number[]> = { ours: [], peer: [] };
    const last: number[] = [];
    let bytes = 0;
    for (let round = 0; round < ROUNDS; round++) {
      context.progress(`catch-up, round ${round + 1} of ${ROUNDS}`);
      await Promise.all([ours.usage(), peer.usage()]);
      const read = await readAll(ours);
      bytes = read.bytes;
      all.ours.push(read.ms);
      stalls.ours.push((await ours.usage()).stallMs);
      all.peer.push((await readAll(peer)).ms);
      stalls.peer.push((await peer.usage()).stallMs);
      all.floor.push((await readAll(floor)).ms);
      last.push(await timed(() => readLast(ours)));
    }
    const size = `${(bytes / 1e6).toFixed(1)} MB, appended in arrays of ${BATCH}`;
    return [
      line(
        "catch-up of 100,000 messages",
        "ms",
        { ours: median(all.ours), peer: median(all.peer), floor: median(all.floor) },
        size,
      ),
      line("longest stall of the event loop meanwhile", "ms", {
        ours: median(stalls.ours),
        peer: median(stalls.peer),
      }),
      line("last 200 of 100,000 messages", "ms", { ours: median(last) }, "the peer has no read from the end"),
    ];
  },
};

async function readAll({ url }: ServerProcess): Promise<{ ms: number; bytes: number }> {
  let bytes = 0;
  const ms = await timed(async () => {
    for (let offset = "-1", done = false; !done;) {
      const response = await fetch(new URL(`${PATH}?offset=${offset}`, url), {
        headers: { "accept-encoding": "identity" },
      });
      if (!response.ok || response.body === null) throw new Error(`GET: ${response.status}`);
      for await (const chunk of response.body) bytes += (chunk as Uint8Array).length;
      offset = response.headers.get("stream-next-offset") ?? "";
      done = response.headers.has("stream-up-to-date");
    }
  });
  return { ms, bytes };
}

async function readLast({ url }: ServerProcess): Promise<void> {
  const response = await fetch(new URL(`${PATH}?last=200`, url));
  const messages = (await response.json()) as unknown[];
  if (messages.length !== 200) throw new Error(`${messages.length} messages instead of 200.`);
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return performance.now() - began;
}
