import { entityTag, missing, pageHeaders, type PageEnd } from "./catch-up.ts";
import type { StreamRequest, StreamsContext } from "./context.ts";
import { nextCursor } from "./cursor.ts";
import { leaveInTime, openLive, readBatch, type LiveQuery } from "./live-open.ts";
import { HEADERS } from "./protocol.ts";
import { empty, tailHeaders } from "./responses.ts";

/**
 * `live=long-poll`: what is there behind the offset, or what comes within the time, or 204.
 */
export async function longPoll(context: StreamsContext, { request, path }: StreamRequest, query: LiveQuery) {
  const opened = await openLive(context, path, query.start);
  if (opened.kind === "refused") return opened.response;
  const { stream, position, reader } = opened;
  const leave = () => reader.leave();
  const release = leaveInTime(context, request, { reader: "long-poll", ms: context.longPollMs, leave });
  try {
    const event = await reader.next(position);
    const cursor = nextCursor(query.cursor, context.store.now(), context.random);
    if (event?.kind === "gone") return missing(event);
    if (event === undefined || event.kind === "closed" || event.kind === "idle") {
      return empty(204, {
        ...tailHeaders({ ...stream, head: position, closed: event?.kind === "closed" }),
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
