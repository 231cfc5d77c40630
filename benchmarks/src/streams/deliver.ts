import { line, type Benchmark, type BenchmarkContext, type Figures, type Line } from "../benchmark.ts";
import { appendRequest, Connection } from "../load/connection.ts";
import { createStream, fillStream } from "../load/streams.ts";
import { Viewer } from "../load/viewer.ts";
import { spawnField, type ServerProcess } from "../servers/spawn-server.ts";
import { median, percentile } from "../statistics.ts";

/**
 * From sending an append to the moment when a live SSE reader has it: the median reader, and the slowest.
 */
const CASES = [
  { readers: 1, history: 0, appends: 100, peerAppends: 100 },
  { readers: 100, history: 0, appends: 100, peerAppends: 15 },
  // The peer needs more than 10 s for one append here: one is measured.
  { readers: 100, history: 100_000, appends: 50, peerAppends: 1 },
  { readers: 1000, history: 0, appends: 30, peerAppends: 2 },
] as const;

interface Delivery {
  readonly median: number;
  readonly slowest: number;
}

export const deliver: Benchmark = {
  name: "deliver",
  about: "delivery of an append to 1 and 100 live SSE readers",
  async run(context) {
    const lines: Line[] = [];
    for (const { readers, history, appends, peerAppends } of CASES) {
      context.progress(`deliver to ${readers}${history > 0 ? `, with ${history} messages of history` : ""}`);
      const servers = await spawnField(context);
      const ours = await audience(context, servers.ours, readers, history);
      const peer = await audience(context, servers.peer, readers, history);
      const floor = await audience(context, servers.floor, readers, history);
      // A first append of each warms up; not where the peer needs seconds for one.
      if (peerAppends > 1) await Promise.all([ours(), peer(), floor()]);
      const took: Record<"ours" | "peer" | "floor", Delivery[]> = { ours: [], peer: [], floor: [] };
      for (let n = 0; n < appends; n++) {
        took.ours.push(await ours());
        took.floor.push(await floor());
        if (n < peerAppends) took.peer.push(await peer());
      }
      const of = (pick: (delivery: Delivery) => number): Figures => ({
        ours: median(took.ours.map(pick)),
        peer: median(took.peer.map(pick)),
        floor: median(took.floor.map(pick)),
      });
      const name = `deliver to ${readers} SSE ${readers === 1 ? "reader" : "readers"}${history > 0 ? `, ${history} messages of history` : ""}`;
      const note = peerAppends < appends ? `${appends} appends, the peer's figure is of ${peerAppends}` : undefined;
      lines.push(
        line(
          `${name}, median`,
          "ms",
          of((delivery) => delivery.median),
          note,
        ),
      );
      if (readers > 1)
        lines.push(
          line(
            `${name}, slowest`,
            "ms",
            of((delivery) => delivery.slowest),
            note,
          ),
        );
    }
    return lines;
  },
};

/** Live readers of a stream with a history; each call appends once and tells how long it took to reach them. */
async function audience(
  context: BenchmarkContext,
  { url }: ServerProcess,
  readers: number,
  history: number,
): Promise<() => Promise<Delivery>> {
  const path = `/v1/stream/deliver-${readers}-${history}`;
  await createStream(url, path);
  await fillStream(url, path, history, 100);
  const viewers = await Promise.all(Array.from({ length: readers }, () => Viewer.open(url, path)));
  const writer = await Connection.open(url);
  context.defer(() => {
    writer.close();
    for (const viewer of viewers) viewer.close();
  });
  let appended = 0;
  return async () => {
    const mark = `mark-${appended++}-`;
    const seen = viewers.map((viewer) => viewer.sees(mark));
    const sent = performance.now();
    const acknowledged = writer.send(appendRequest(url, path, JSON.stringify({ mark, padding: "x".repeat(250) })));
    const took = (await Promise.all(seen)).map((at) => at - sent);
    await acknowledged;
    return { median: median(took), slowest: percentile(took, 1) };
  };
}
