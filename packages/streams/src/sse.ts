import type { LiveReader } from "./channel.ts";
import { modeOf } from "./content-type.ts";
import type { StreamRequest, StreamsContext } from "./context.ts";
import { nextCursor } from "./cursor.ts";
import { leaveInTime, openLive, readBatch, type LiveQuery } from "./live-open.ts";
import type { Part } from "./pulled-response.ts";
import { HEADERS } from "./protocol.ts";
import { encodeControl, KEEP_ALIVE } from "./sse-encoding.ts";
import { sseResponse } from "./sse-response.ts";

/**
 * `live=sse`: everything behind the offset, and then what comes, until the time is up and the reader comes back.
 */
const LIVE_CHUNK_BYTES = 256 * 1024;

export async function serverSentEvents(context: StreamsContext, { request, path }: StreamRequest, query: LiveQuery) {
  const opened = await openLive(context, path, query.start);
  if (opened.kind === "refused") return opened.response;
  const { stream, position, reader } = opened;
  const keepAlive = setInterval(() => reader.nudge(), context.keepAliveMs);
  const leave = () => {
    clearInterval(keepAlive);
    reader.leave();
  };
  const release = leaveInTime(context, request, { reader: "sse", ms: sseLifetime(context), leave });
  const frames = sseFrames(context, path, position, reader, query.cursor);
  const encoding = modeOf(stream.contentType) === "bytes" ? { [HEADERS.sseEncoding]: "base64" } : {};
  return sseResponse(frames, release, context.onError, encoding);
}

/** Spread over a tenth of the time: readers that came together do not come back together. */
export function sseLifetime(context: StreamsContext): number {
  return context.sseMs * (0.95 + context.random() / 10);
}

/** A data event and its control event for each batch; a control event alone where the reader begins at the end. */
async function* sseFrames(
  context: StreamsContext,
  path: string,
  from: number,
  reader: LiveReader,
  givenCursor: string | null,
): AsyncGenerator<Uint8Array | Part, void, undefined> {
  let position = from;
  const cursor = () => nextCursor(givenCursor, context.store.now(), () => 0);
  if (reader.peek(position) === undefined) {
    yield encodeControl({ next: position, cursor: cursor(), upToDate: true, closed: false });
  }
  for (let event = await reader.next(position); event !== undefined; event = await reader.next(position)) {
    switch (event.kind) {
      case "gone":
        return;
      case "idle":
        yield KEEP_ALIVE;
        break;
      case "closed":
        yield encodeControl({ next: position, upToDate: true, closed: true });
        return;
      case "batch":
        yield event.batch.frame({ cursor: cursor(), upToDate: event.upToDate, closed: event.closed });
        position = event.batch.next;
        if (event.closed) return;
        break;
      case "behind": {
        const read = await readFrame(context, path, position, cursor());
        if (read === undefined) return;
        if (read.next > position) yield read.frame;
        position = read.next;
        if (read.closed) return;
      }
    }
  }
}

/** As bytes only: a reader that takes them slowly must not hold the messages they were made from as well. */
async function readFrame(context: StreamsContext, path: string, position: number, cursor: string) {
  const read = await readBatch(context, path, position, LIVE_CHUNK_BYTES);
  if (read.kind !== "batch") return undefined;
  const { batch, upToDate, closed } = read;
  return { frame: batch.pieces({ cursor, upToDate, closed }), next: batch.next, closed };
}
