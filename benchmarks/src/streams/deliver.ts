import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { line, type Benchmark, type BenchmarkContext, type Line } from "../benchmark.ts";
import { appendRequest, Connection } from "../load/connection.ts";
import { createStream, fillStream } from "../load/streams.ts";
import { spawnBoth, type ServerProcess } from "../servers/spawn-server.ts";
import { median, percentile } from "../statistics.ts";

/**
 * From sending an append to the moment when a live SSE reader has it: the median reader, and the slowest.
 */
const CASES = [
  { readers: 1, history: 0, appends: 100, peerAppends: 100 },
  { readers: 100, history: 0, appends: 100, peerAppends: 15 },
  // The peer needs more than 10 s for one append here: one is measured.
  { readers: 100, history: 100_000, appends: 50, peerAppends: 1 },
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
      const { ours, peer } = await spawnBoth(context);
      const of = async (server: ServerProcess, count: number) => measure(context, server, readers, history, count);
      const [mine, theirs] = [await of(ours, appends), await of(peer, peerAppends)];
      const name = `deliver to ${readers} SSE ${readers === 1 ? "reader" : "readers"}${history > 0 ? `, ${history} messages of history` : ""}`;
      const note = peerAppends < appends ? `${appends} appends, the peer's figure is of ${peerAppends}` : undefined;
      lines.push(line(`${name}, median`, "ms", mine.median, theirs.median, note));
      if (readers > 1) lines.push(line(`${name}, slowest`, "ms", mine.slowest, theirs.slowest, note));
    }
    return lines;
  },
};

async function measure(
  context: BenchmarkContext,
  { url }: ServerProcess,
  readers: number,
  history: number,
  appends: number,
): Promise<Delivery> {
  const path = `/v1/stream/deliver-${readers}-${history}`;
  context.progress(`deliver, ${readers} readers${history > 0 ? ", filling" : ""}`);
  await createStream(url, path);
  await fillStream(url, path, history, 100);
  const viewers = await Promise.all(Array.from({ length: readers }, () => Viewer.open(url, path)));
  const writer = await Connection.open(url);
  const medians: number[] = [];
  const slowest: number[] = [];
  // The first append warms up and is not counted, but where there is only one.
  for (let n = appends > 1 ? -1 : 0; n < appends; n++) {
    const mark = `mark-${n}-${readers}-${history}-`;
    const seen = viewers.map((viewer) => viewer.sees(mark));
    const sent = performance.now();
    const acknowledged = writer.send(appendRequest(url, path, JSON.stringify({ mark, padding: "x".repeat(250) })));
    const took = (await Promise.all(seen)).map((at) => at - sent);
    await acknowledged;
    if (n < 0) continue;
    medians.push(median(took));
    slowest.push(percentile(took, 1));
  }
  writer.close();
  for (const viewer of viewers) viewer.close();
  return { median: median(medians), slowest: median(slowest) };
}

/** A live reader that looks for a mark in what comes. */
class Viewer {
  readonly #socket: Socket;
  #mark: { readonly text: string; resolve(at: number): void; reject(error: Error): void } | undefined;
  #tail = "";

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("data", (chunk: Buffer) => {
      const text = this.#tail + chunk.toString("latin1");
      if (this.#mark !== undefined && text.includes(this.#mark.text)) {
        this.#mark.resolve(performance.now());
        this.#mark = undefined;
      }
      this.#tail = text.slice(-100);
    });
    socket.on("close", () => this.#mark?.reject(new Error("A reader's connection was closed.")));
  }

  static async open(url: URL, path: string): Promise<Viewer> {
    const socket = connect({ host: url.hostname, port: Number(url.port), noDelay: true });
    await once(socket, "connect");
    const viewer = new Viewer(socket);
    const begun = viewer.sees("upToDate");
    socket.write(`GET ${path}?offset=now&live=sse HTTP/1.1\r\nhost: ${url.host}\r\n\r\n`);
    await begun;
    return viewer;
  }

  sees(text: string): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#mark = { text, resolve, reject };
    });
  }

  close(): void {
    this.#mark = undefined;
    this.#socket.destroy();
  }
}
