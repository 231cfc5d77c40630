import { formatOffset } from "@skein/protocol";
import type { ReadRange, RunsOutcome, StreamInfo } from "@skein/store";
import { modeOf } from "./content-type.ts";
import type { StreamRequest, StreamsContext } from "./context.ts";
import { nextCursor } from "./cursor.ts";
import { frameBody } from "./framing.ts";
import { HEADERS } from "./protocol.ts";
import { endOfRange, rangeParts } from "./range-body.ts";
import { PulledResponse, type Parts } from "./pulled-response.ts";
import type { ReadQuery, ReadStart } from "./read-query.ts";
import { empty, refuse, tailHeaders, type HeaderMap } from "./responses.ts";
import { touch } from "./touch.ts";

/**
 * Reads that answer at once with what is there: forwards from an offset, and from the end backwards.
 */
type Read = Extract<RunsOutcome, { kind: "read" }>;

/** What one slow reader of a long range costs; much less would cost the fast ones. */
const PART_BYTES = 256 * 1024;

export async function catchUp(context: StreamsContext, { request, path }: StreamRequest, start: ReadStart) {
  if (start.kind === "tail") return readTail(context, path);
  const { store, maxResponseBytes } = context;
  const partBytes = Math.min(context.chunkBytes, PART_BYTES);
  const outcome = await readFrom(context, path, start, partBytes);
  if (outcome.kind !== "read") return missing(outcome);
  await touch(store, outcome.stream);
  const next = endOfRange(outcome, maxResponseBytes);
  if (next === outcome.next) return page(context, request, outcome, {});
  const mode = modeOf(outcome.stream.contentType);
  const end = pageEnd({ ...outcome, next });
  return respond(context, request, end, outcome.start, {}, () => rangeParts(store, mode, outcome, next, partBytes));
}

/** `last` and `before`: the page's own `before` comes along, so that a client pages on without arithmetic. */
export async function readBackwards(
  context: StreamsContext,
  { request, path }: StreamRequest,
  query: Extract<ReadQuery, { kind: "last" | "before" }>,
) {
  const maxBytes = context.chunkBytes;
  const range: ReadRange =
    query.kind === "last" ? { last: query.count, maxBytes } : { before: query.position, limit: query.count, maxBytes };
  const outcome = await context.store.readRuns(path, range);
  if (outcome.kind !== "read") return missing(outcome);
  if (query.kind === "before" && query.position > outcome.stream.head) return beyond();
  await touch(context.store, outcome.stream);
  const more = outcome.start > outcome.stream.first;
  return page(context, request, outcome, more ? { [HEADERS.beforeOffset]: formatOffset(outcome.start) } : {});
}

/** Reads a stream from a place that a client named. "The beginning" is the oldest message that is still there. */
export async function readFrom(context: StreamsContext, path: string, start: ReadStart, maxBytes: number) {
  const { store } = context;
  const from = start.kind === "at" ? start.position : 0;
  const outcome = await store.readRuns(path, { from, maxBytes });
  if (outcome.kind === "gone" && start.kind === "beginning" && outcome.first > 0) {
    return store.readRuns(path, { from: outcome.first, maxBytes });
  }
  // A reader that is ahead of the stream knew another one, and must not be told that it is up to date.
  if (outcome.kind === "read" && from > outcome.stream.head) return { kind: "beyond" as const };
  return outcome;
}

type Missing = { readonly kind: "not-found" | "gone" | "beyond" };

export function missing(outcome: Missing): Response {
  switch (outcome.kind) {
    case "not-found":
      return refuse("not_found", "There is no such stream.");
    case "gone":
      return refuse("stream_gone", "The stream, or this part of it, was deleted.");
    case "beyond":
      return beyond();
  }
}

function beyond(): Response {
  return refuse("stream_gone", "The offset is behind the end: it is of another stream that was here before.");
}

/** `offset=now`: where the end is, and nothing else. */
async function readTail(context: StreamsContext, path: string): Promise<Response> {
  const stream = await context.store.getStream(path);
  if (stream === undefined) return missing({ kind: "not-found" });
  if (stream.deleted) return missing({ kind: "gone" });
  await touch(context.store, stream);
  return new Response(frameBody(modeOf(stream.contentType), []), {
    headers: {
      ...tailHeaders(stream),
      "content-type": stream.contentType,
      "cache-control": "no-store",
      [HEADERS.upToDate]: "true",
      [HEADERS.cursor]: nextCursor(null, context.store.now(), context.random),
    },
  });
}

/** Where a page of a stream ends. */
export interface PageEnd {
  readonly stream: StreamInfo;
  readonly next: number;
  /** Nothing was behind it, and (`closed`) nothing ever will be. */
  readonly upToDate: boolean;
  readonly closed: boolean;
}

export function pageEnd({ stream, next }: Read): PageEnd {
  const upToDate = next >= stream.head;
  return { stream, next, upToDate, closed: upToDate && stream.closed };
}

function page(context: StreamsContext, request: Request, read: Read, extra: HeaderMap): Response {
  const { stream, runs } = read;
  const mode = modeOf(stream.contentType);
  return respond(context, request, pageEnd(read), read.start, extra, () => frameBody(mode, runs));
}

function respond(
  context: StreamsContext,
  request: Request,
  end: PageEnd,
  start: number,
  extra: HeaderMap,
  makeBody: () => Uint8Array<ArrayBuffer> | Parts,
): Response {
  const etag = entityTag(end, start);
  const headers = { ...pageHeaders(context, end), ...extra, etag };
  if (matches(request.headers.get("if-none-match"), etag)) return empty(304, headers);
  const body = makeBody();
  const init = { headers: { ...headers, "content-type": end.stream.contentType } };
  return body instanceof Uint8Array ? new Response(body, init) : new PulledResponse(body, init);
}

/**
 * A page in front of the end never changes, so it may be kept for a moment even if the stream is deleted; the page at
 * the end is asked for again each time, and its tag makes that cheap. Reads of a TTL stream have to be seen.
 */
export function pageHeaders(context: StreamsContext, { stream, next, upToDate, closed }: PageEnd): HeaderMap {
  const fixed = !upToDate && stream.expiresAt === undefined;
  return {
    [HEADERS.nextOffset]: formatOffset(next),
    ...(upToDate ? { [HEADERS.upToDate]: "true" } : {}),
    ...(closed ? { [HEADERS.closed]: "true" } : {}),
    [HEADERS.cursor]: nextCursor(null, context.store.now(), context.random),
    "cache-control": `${context.caching}, ${fixed ? "max-age=60, stale-while-revalidate=300" : "no-cache"}`,
  };
}

/** Names what a page says, its headers included; no two streams at one path have the same. */
export function entityTag({ stream, next, upToDate, closed }: PageEnd, start: number): string {
  const state = closed ? ":c" : upToDate ? ":t" : "";
  return `"${stream.id.toString(36)}.${stream.createdAt.toString(36)}:${start}:${next}${state}"`;
}

function matches(header: string | null, etag: string): boolean {
  if (header === null) return false;
  return header.split(",").some((tag) => tag.trim().replace(/^W\//, "") === etag || tag.trim() === "*");
}
