import type { StreamInfo } from "@skein/store";
import { Batch } from "./batch.ts";
import { entityTag, missing, pageEnd, pageHeaders, readFrom, type PageEnd } from "./catch-up.ts";
import type { LiveReader } from "./channel.ts";
import { modeOf } from "./content-type.ts";
import type { StreamRequest, StreamsContext } from "./context.ts";
import { nextCursor } from "./cursor.ts";
import { HEADERS } from "./protocol.ts";
import type { ReadStart } from "./read-query.ts";
import { empty, tailHeaders } from "./responses.ts";
import { encodeControl } from "./sse-encoding.ts";
import { touch } from "./touch.ts";

/**
 * Reads that wait for what is not there yet. Both kinds follow a stream through its channel in the hub and read the
 * store themselves only while they are behind it.
 */
const LIVE_CHUNK_BYTES = 256 * 1024;

export interface LiveQuery {
  readonly start: ReadStart;
  readonly cursor: string | null;
}

type Opened =
  | { readonly kind: "open"; readonly stream: StreamInfo; readonly position: number; readonly reader: LiveReader }
  | { readonly kind: "refused"; readonly response: Response };

async function open(context: StreamsContext, path: string, start: ReadStart): Promise<Opened> {
  const stream = await context.store.getStream(path);
  if (stream === undefined) return { kind: "refused", response: missing({ kind: "not-found" }) };
  const position = start.kind === "tail" ? stream.head : start.kind === "at" ? start.position : stream.first;
  if (stream.deleted || position < stream.first) return { kind: "refused", response: missing({ kind: "gone" }) };
  if (position > stream.head) return { kind: "refused", response: missing({ kind: "beyond" }) };
  await touch(context.store, stream);
  return { kind: "open", stream, position, reader: context.hub.join(stream) };
}

/** Makes the reader leave when the client goes, the server stops, or the time is up; returns the undoing of that. */
function bound(context: StreamsContext, request: Request, reader: LiveReader, ms: number): () => void {
  const leave = () => reader.leave();
  const timer = setTimeout(leave, ms);
  const signals = [request.signal, context.signal];
  for (const signal of signals) {
    signal?.addEventListener("abort", leave, { once: true });
    if (signal?.aborted === true) leave();
  }
  return () => {
    clearTimeout(timer);
    for (const signal of signals) signal?.removeEventListener("abort", leave);
    leave();
  };
}

export async function longPoll(context: StreamsContext, { request, path }: StreamRequest, query: LiveQuery) {
  const opened = await open(context, path, query.start);
  if (opened.kind === "refused") return opened.response;
  const { stream, position, reader } = opened;
  const release = bound(context, request, reader, context.longPollMs);
  try {
    const event = await reader.next(position);
    const cursor = nextCursor(query.cursor, context.store.now(), context.random);
    if (event?.kind === "gone") return missing(event);
    if (event === undefined || event.kind === "closed") {
      const ended = { ...stream, head: position, closed: event !== undefined };
      return empty(204, {
        ...tailHeaders(ended),
        [HEADERS.upToDate]: "true",
        [HEADERS.cursor]: cursor,
        "cache-control": "no-store",
      });
    }
    const page = event.kind === "batch" ? event : await readBatch(context, path, position, context.chunkBytes);
    if (page.kind !== "batch") return missing(page);
    const end: PageEnd = { stream, next: page.batch.next, upToDate: page.upToDate, closed: page.closed };
    return new Response(page.batch.body(), {
      headers: {
        ...pageHeaders(context, end),
        [HEADERS.cursor]: cursor,
        etag: entityTag(end, position),
        "content-type": stream.contentType,
      },
    });
  } finally {
    release();
  }
}

/** A reader's own batch, from the store. */
async function readBatch(context: StreamsContext, path: string, position: number, maxBytes: number) {
  const outcome = await readFrom(context, path, { kind: "at", position }, maxBytes);
  if (outcome.kind !== "read") return outcome;
  const { stream, messages, start, next } = outcome;
  const { upToDate, closed } = pageEnd(outcome);
  return {
    kind: "batch" as const,
    batch: new Batch(modeOf(stream.contentType), messages, start, next),
    upToDate,
    closed,
  };
}

export async function serverSentEvents(context: StreamsContext, { request, path }: StreamRequest, query: LiveQuery) {
  const opened = await open(context, path, query.start);
  if (opened.kind === "refused") return opened.response;
  const { stream, position, reader } = opened;
  // Spread over a tenth of the time: readers that came together do not come back together.
  const lifetime = context.sseMs * (0.95 + context.random() / 10);
  const release = bound(context, request, reader, lifetime);
  const frames = sseFrames(context, path, position, reader, query.cursor);
  const body = streamOf(frames, release, context.onError);
  return new Response(body, {
    headers: {
      "content-type": "text/event-stream",
      "cache-control": "no-cache, no-transform",
      "x-accel-buffering": "no",
      ...(modeOf(stream.contentType) === "bytes" ? { [HEADERS.sseEncoding]: "base64" } : {}),
    },
  });
}

/** Frames as a body that is pulled: nothing is made in advance, what a reader does not take stays in the store. */
function streamOf(
  frames: AsyncGenerator<Uint8Array, void, undefined>,
  release: () => void,
  onError: (error: unknown) => void,
): ReadableStream<Uint8Array> {
  let cancelled = false;
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const frame = await frames.next();
          if (frame.done !== true) return cancelled ? undefined : controller.enqueue(frame.value);
          release();
          if (!cancelled) controller.close();
        } catch (error) {
          release();
          onError(error);
          controller.error(error);
        }
      },
      cancel() {
        cancelled = true;
        release();
      },
    },
    { highWaterMark: 0 },
  );
}

/** A data event and its control event for each batch; a control event alone where the reader begins at the end. */
async function* sseFrames(
  context: StreamsContext,
  path: string,
  from: number,
  reader: LiveReader,
  givenCursor: string | null,
): AsyncGenerator<Uint8Array, void, undefined> {
  let position = from;
  const cursor = () => nextCursor(givenCursor, context.store.now(), () => 0);
  if (reader.peek(position) === undefined) {
    yield encodeControl({ next: position, cursor: cursor(), upToDate: true, closed: false });
  }
  for (let event = await reader.next(position); event !== undefined; event = await reader.next(position)) {
    switch (event.kind) {
      case "gone":
        return;
      case "closed":
        yield encodeControl({ next: position, upToDate: true, closed: true });
        return;
      case "batch":
        yield event.batch.frame({ cursor: cursor(), upToDate: event.upToDate, closed: event.closed });
        position = event.batch.next;
        if (event.closed) return;
        break;
      case "behind": {
        const read = await readBatch(context, path, position, LIVE_CHUNK_BYTES);
        if (read.kind !== "batch") return;
        const { batch, upToDate, closed } = read;
        if (batch.next > position) yield batch.frame({ cursor: cursor(), upToDate, closed });
        position = batch.next;
        if (closed) return;
      }
    }
  }
}
