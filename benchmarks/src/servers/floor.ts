import { createReadStream, fdatasync, openSync, writev } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { join } from "node:path";
import { promisify } from "node:util";
import { announce, untilOrphaned } from "./parent.ts";

/**
 * Child process: the floor, the least that a durable append and a read over HTTP can cost on this machine. One log
 * for all streams, one `fdatasync` for all appends that wait, answers after it; catch-up is a range of the file, live
 * frames are made once. It checks the JSON and nothing else: no index, no recovery, no records, no offsets that hold.
 */
interface FloorStream {
  /** Of the log; other streams' messages may be in between. */
  from: number;
  to: number;
  count: number;
  readonly readers: Set<ServerResponse>;
}

const [folder = ""] = process.argv.slice(2);
const path = join(folder, "log");
const file = openSync(path, "a+");
const write = promisify(writev);
const sync = promisify(fdatasync);
const streams = new Map<string, FloorStream>();
let size = 0;
let waiting: { readonly stream: FloorStream; readonly body: Buffer; readonly outgoing: ServerResponse }[] = [];
let running = false;

async function commitAll(): Promise<void> {
  running = true;
  while (waiting.length > 0) {
    const group = waiting;
    waiting = [];
    await write(
      file,
      group.map(({ body }) => body),
    );
    await sync(file);
    for (const { stream, body, outgoing } of group) {
      if (stream.count === 0) stream.from = size;
      size += body.length;
      stream.to = size;
      stream.count += 1;
      outgoing.writeHead(204, { "stream-next-offset": String(stream.count) }).end();
      if (stream.readers.size === 0) continue;
      const frame = Buffer.concat([Buffer.from("event: data\ndata: ["), body.subarray(0, -2), Buffer.from("]\n\n")]);
      for (const reader of stream.readers) reader.write(frame);
    }
  }
  running = false;
}

async function bodyOf(incoming: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

async function answer(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
  const url = new URL(incoming.url ?? "/", "http://floor");
  if (incoming.method === "PUT") {
    streams.set(url.pathname, { from: size, to: size, count: 0, readers: new Set() });
    outgoing.writeHead(201).end();
    return;
  }
  const stream = streams.get(url.pathname);
  if (!stream) return void outgoing.writeHead(404).end();
  if (incoming.method === "POST") {
    const body = await bodyOf(incoming);
    const text = body.toString();
    JSON.parse(text);
    const messages = text.startsWith("[") ? body.subarray(1, -1) : body;
    waiting.push({ stream, body: Buffer.concat([messages, Buffer.from(",\n")]), outgoing });
    if (!running) void commitAll();
    return;
  }
  if (url.searchParams.get("live") === "sse") {
    outgoing.writeHead(200, { "content-type": "text/event-stream" });
    outgoing.write('event: control\ndata: {"upToDate":true}\n\n');
    stream.readers.add(outgoing);
    outgoing.once("close", () => stream.readers.delete(outgoing));
    return;
  }
  outgoing.writeHead(200, { "content-type": "application/json", "stream-up-to-date": "true" });
  outgoing.write("[");
  createReadStream(path, { start: stream.from, end: stream.to - 3, highWaterMark: 1024 * 1024 })
    .on("end", () => outgoing.end("]"))
    .pipe(outgoing, { end: false });
}

const server = createServer((incoming, outgoing) => void answer(incoming, outgoing));
server.listen(0, "127.0.0.1", () => {
  const address = server.address();
  announce(`http://127.0.0.1:${typeof address === "object" ? address?.port : 0}`);
});
await untilOrphaned();
process.exit();
