import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { line, type Benchmark } from "../benchmark.ts";
import { createStream, fillStream } from "../load/streams.ts";
import { Viewer } from "../load/viewer.ts";
import { appendRequest, Connection } from "../load/connection.ts";
import { spawnServer, type ServerProcess } from "../servers/spawn-server.ts";

/** Ten readers that ask for all of a stream of 30 MB, catch-up and live, and take nothing of it. */
const MESSAGES = 100_000;
const READERS = 10;
const APPENDS = 50;
const PATH = "/v1/stream/slow";

export const slowReaders: Benchmark = {
  name: "slow-readers",
  about: "memory that ten readers cost that stop reading, and what others feel of them",
  async run(context) {
    const lines = [];
    for (const kind of ["catch-up", "sse"] as const) {
      const ours = await measure(kind, await filled(context, "ours"), context);
      // The reference's live readers get the whole history at once, too: its figures are of one kind.
      const peer = kind === "catch-up" ? await measure(kind, await filled(context, "peer"), context) : undefined;
      const figures = (pick: (measured: Measured) => number) => ({
        ours: pick(ours),
        ...(peer && { peer: pick(peer) }),
      });
      lines.push(
        line(
          `ten readers (${kind}) that stop reading, memory`,
          "MiB",
          figures(({ rss }) => rss / 1024 / 1024),
        ),
        line(
          `ten readers (${kind}) that stop reading, longest stall`,
          "ms",
          figures(({ stallMs }) => stallMs),
        ),
        line(
          `delivery beside them`,
          "ms",
          figures(({ deliveryMs }) => deliveryMs),
          `${APPENDS} appends, mean`,
        ),
      );
    }
    return lines;
  },
};

type Context = Parameters<Benchmark["run"]>[0];

async function filled(context: Context, name: "ours" | "peer"): Promise<ServerProcess> {
  context.progress(`slow readers, filling (${name})`);
  const server = await spawnServer(context, name);
  await createStream(server.url, PATH);
  await fillStream(server.url, PATH, MESSAGES, 100);
  return server;
}

interface Measured {
  readonly rss: number;
  readonly stallMs: number;
  readonly deliveryMs: number;
}

async function measure(kind: "catch-up" | "sse", server: ServerProcess, context: Context): Promise<Measured> {
  const { url } = server;
  // What serving costs anyway is not theirs.
  for (let n = 0; n < 3; n++) await (await fetch(new URL(`${PATH}?offset=-1`, url))).arrayBuffer();
  const before = (await server.usage()).rss;
  const readers = await Promise.all(Array.from({ length: READERS }, () => deafReader(url, kind)));
  context.defer(() => readers.forEach((reader) => reader.destroy()));
  await createStream(url, `${PATH}-beside`);
  const beside = await Viewer.open(url, `${PATH}-beside`);
  const writer = await Connection.open(url);
  const began = performance.now();
  for (let n = 0; n < APPENDS; n++) {
    const seen = beside.sees(`mark-${n}-`);
    await writer.send(appendRequest(url, `${PATH}-beside`, JSON.stringify({ mark: `mark-${n}-` })));
    await seen;
  }
  const deliveryMs = (performance.now() - began) / APPENDS;
  const { rss, stallMs } = await server.usage();
  beside.close();
  writer.close();
  for (const reader of readers) reader.destroy();
  return { rss: rss - before, stallMs, deliveryMs };
}

/** Asks, and never reads: the system's buffers fill, and then it is the server's turn to wait. */
async function deafReader(url: URL, kind: "catch-up" | "sse"): Promise<Socket> {
  const socket = connect({ host: url.hostname, port: Number(url.port) });
  socket.pause();
  await once(socket, "connect");
  socket.write(`GET ${PATH}?offset=-1${kind === "sse" ? "&live=sse" : ""} HTTP/1.1\r\nhost: ${url.host}\r\n\r\n`);
  socket.on("error", () => undefined);
  return socket;
}
