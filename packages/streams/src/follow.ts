import { formatOffset, parseOffset } from "@skein/protocol";
import type { StreamInfo } from "@skein/store";
import type { Batch } from "./batch.ts";
import type { LiveReader } from "./channel.ts";
import { modeOf } from "./content-type.ts";
import type { StreamsContext } from "./context.ts";
import { Ending } from "./ending.ts";
import { leaveInTime, readBatch, startPosition } from "./live-open.ts";
import { merge } from "./merge.ts";
import type { ReadStart } from "./read-query.ts";
import { refuse } from "./responses.ts";
import { encodeEvent, KEEP_ALIVE } from "./sse-encoding.ts";
import { sseResponse } from "./sse-response.ts";
import { sseLifetime } from "./sse.ts";

/**
 * Several JSON streams in one SSE response, for browsers, which have six connections for all of their tabs.
 *
 * `batch  {"stream", "start", "events": […], "next", "upToDate"}`: messages, and where to go on;
 * `gone   {"stream", "code"}`: what the reader had is over; what comes next is the beginning of what is there then;
 * `closed {"stream", "next"}`: nothing will come.
 * A stream that is not there yet is waited for. The response ends after the time of an SSE connection.
 */
export interface FollowTarget {
  /** What the events call it. */
  readonly name: string;
  /** In the store. */
  readonly path: string;
  /** An offset, `-1` or `now`. */
  readonly from: string;
}

export type FollowHandler = (request: Request, targets: readonly FollowTarget[]) => Response;

const MAX_TARGETS = 16;
const CHUNK_BYTES = 128 * 1024;

export function follow(context: StreamsContext, request: Request, targets: readonly FollowTarget[]): Response {
  if (targets.length === 0 || targets.length > MAX_TARGETS) {
    return refuse("invalid_request", `1 to ${MAX_TARGETS} streams can be followed at once.`);
  }
  const starts = targets.map(({ from }) => startOf(from));
  const leaving = new Ending();
  const frames = targets.map((target, index) => {
    const start = starts[index];
    return start === undefined ? undefined : followOne(context, target, start, leaving);
  });
  const sources = frames.filter((source) => source !== undefined);
  if (sources.length < targets.length) return refuse("invalid_request", "An offset is not one that was given out.");
  const leave = () => leaving.end();
  const release = leaveInTime(context, request, { reader: "follow", ms: sseLifetime(context), leave });
  const merged = merge([...sources, keepAlive(context.keepAliveMs, leaving)]);
  return sseResponse(merged, release, context.onError);
}

function startOf(from: string): ReadStart | undefined {
  if (from === "-1") return { kind: "beginning" };
  if (from === "now") return { kind: "tail" };
  const position = parseOffset(from);
  return position === undefined ? undefined : { kind: "at", position };
}

/** One stream, and what follows it at its path, until the reader leaves or the stream is closed. */
async function* followOne(
  context: StreamsContext,
  { name, path }: FollowTarget,
  start: ReadStart,
  leaving: Ending,
): AsyncGenerator<Uint8Array, void, undefined> {
  for (let from = start; ; from = { kind: "beginning" }) {
    const stream = await existing(context, path, leaving);
    if (stream === undefined) return;
    if (modeOf(stream.contentType) !== "json") {
      yield encode("gone", { stream: name, code: "invalid_request" });
      return;
    }
    const position = startPosition(stream, from);
    if (position >= stream.first && position <= stream.head) {
      const reader = context.hub.join(stream);
      const leave = () => reader.leave();
      const undo = leaving.onEnd(leave);
      try {
        const end = yield* batches(context, name, path, position, reader);
        if (end !== "gone") return;
      } finally {
        undo();
        leave();
      }
    }
    yield encode("gone", { stream: name, code: "stream_gone" });
  }
}

async function* batches(
  context: StreamsContext,
  name: string,
  path: string,
  from: number,
  reader: LiveReader,
): AsyncGenerator<Uint8Array, "gone" | "ended", undefined> {
  let position = from;
  if (reader.peek(position) === undefined) {
    const next = formatOffset(position);
    yield encode("batch", { stream: name, start: next, events: [], next, upToDate: true });
  }
  for (let event = await reader.next(position); event !== undefined; event = await reader.next(position)) {
    if (event.kind === "gone") return "gone";
    if (event.kind === "idle") continue;
    if (event.kind === "closed") {
      yield encode("closed", { stream: name, next: formatOffset(position) });
      return "ended";
    }
    const read = event.kind === "batch" ? event : await readBatch(context, path, position, CHUNK_BYTES);
    if (read.kind !== "batch") return "gone";
    if (read.batch.next > position) yield batchFrame(read.batch, name, read.upToDate);
    position = read.batch.next;
  }
  return "ended";
}

/** The stream at the path as soon as there is one; `undefined` once the reader has left. */
async function existing(context: StreamsContext, path: string, leaving: Ending): Promise<StreamInfo | undefined> {
  let wake = () => {};
  const poke = () => wake();
  const unwatch = context.store.watchStream(path, poke);
  const undo = leaving.onEnd(poke);
  try {
    while (!leaving.ended) {
      const changed = new Promise<void>((resolve) => {
        wake = resolve;
      });
      const stream = await context.store.getStream(path);
      if (stream !== undefined && !stream.deleted) return stream;
      if (!leaving.ended) await changed;
    }
    return undefined;
  } finally {
    undo();
    unwatch();
  }
}

async function* keepAlive(ms: number, leaving: Ending): AsyncGenerator<Uint8Array, void, undefined> {
  while (!leaving.ended) {
    await new Promise<void>((resolve) => {
      const undo = leaving.onEnd(done);
      const timer = setTimeout(done, ms);
      function done() {
        clearTimeout(timer);
        undo();
        resolve();
      }
    });
    if (!leaving.ended) yield KEEP_ALIVE;
  }
}

/** The messages go in as the bytes that came, around them what is known of them. */
function batchFrame(batch: Batch, name: string, upToDate: boolean): Uint8Array {
  return batch.encoded(`follow:${upToDate}:${name}`, () => {
    const head = `{"stream":${JSON.stringify(name)},"start":"${formatOffset(batch.start)}","events":`;
    const tail = `,"next":"${formatOffset(batch.next)}","upToDate":${upToDate}}`;
    return encodeEvent("batch", Buffer.concat([Buffer.from(head), batch.body(), Buffer.from(tail)]));
  });
}

function encode(name: string, data: object): Uint8Array {
  return encodeEvent(name, Buffer.from(JSON.stringify(data)));
}
