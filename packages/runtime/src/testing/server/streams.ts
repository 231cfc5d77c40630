import type { ChangeEvent } from "@skein/protocol";
import { formatOffset, parseOffset, SkeinError } from "@skein/protocol";
import type { Clock } from "../../client/index.ts";
import { sleep } from "../../client/index.ts";

/** An append-only log of events, read by position. */
export interface FakeStream {
  readonly path: string;
  readonly events: readonly ChangeEvent[];
  readonly closed: boolean;
  readonly head: string;
  append(events: readonly ChangeEvent[]): void;
  close(): void;
  /** Resolves when it has grown beyond `position` or is closed, or when the signal aborts. */
  news(position: number, signal: AbortSignal): Promise<void>;
}

export function createFakeStream(path: string): FakeStream {
  const events: ChangeEvent[] = [];
  const waiting = new Set<() => void>();
  let closed = false;
  const wake = (): void => {
    for (const call of waiting) call();
  };
  return {
    path,
    events,
    get closed() {
      return closed;
    },
    get head() {
      return formatOffset(events.length);
    },
    append(more) {
      if (closed) throw new SkeinError("stream_closed", `${path} is closed.`);
      // What is kept is what would have come over the wire.
      for (const event of more) events.push(structuredClone(event));
      wake();
    },
    close() {
      closed = true;
      wake();
    },
    news(position, signal) {
      return new Promise((resolve) => {
        const look = (): void => {
          if (events.length <= position && !closed && !signal.aborted) return;
          waiting.delete(look);
          signal.removeEventListener("abort", look);
          resolve();
        };
        waiting.add(look);
        signal.addEventListener("abort", look, { once: true });
        look();
      });
    },
  };
}

/** `GET`: catch-up, from the end backwards, long poll, or server-sent events. */
export async function answerRead(stream: FakeStream, request: Request, clock: Clock): Promise<Response> {
  const query = new URL(request.url).searchParams;
  const { from, to } = rangeOf(stream, query);
  if (query.get("live") === "sse") return sseResponse(stream, from, request.signal);
  if (query.get("live") === "long-poll" && from >= stream.events.length) {
    const controller = new AbortController();
    const abort = (): void => controller.abort();
    request.signal.addEventListener("abort", abort, { once: true });
    void sleep(clock, 20_000, controller.signal).then(abort);
    await stream.news(from, controller.signal);
    abort();
    return from >= stream.events.length
      ? new Response(null, { status: 204, headers: headersOf(stream) })
      : page(stream, from);
  }
  return page(stream, from, to);
}

function rangeOf(stream: FakeStream, query: URLSearchParams): { from: number; to: number } {
  const head = stream.events.length;
  const last = query.get("last");
  if (last !== null) return { from: Math.max(0, head - Number(last)), to: head };
  const before = query.get("before");
  if (before !== null) {
    const to = Math.min(parseOffset(before) ?? 0, head);
    return { from: Math.max(0, to - Number(query.get("limit") ?? 100)), to };
  }
  const offset = query.get("offset") ?? "-1";
  if (offset === "now") return { from: head, to: head };
  const from = offset === "-1" ? 0 : parseOffset(offset);
  if (from === undefined) throw new SkeinError("invalid_request", `“${offset}” is not an offset.`);
  return { from: Math.min(from, head), to: head };
}

function page(stream: FakeStream, from: number, to = stream.events.length): Response {
  return Response.json(stream.events.slice(from, to), { headers: headersOf(stream, to) });
}

function headersOf(stream: FakeStream, to = stream.events.length): Record<string, string> {
  const end = to === stream.events.length;
  return {
    "stream-next-offset": formatOffset(to),
    ...(end && { "stream-up-to-date": "true" }),
    ...(end && stream.closed && { "stream-closed": "true" }),
  };
}

export function answerHead(stream: FakeStream): Response {
  return new Response(null, { headers: { "content-type": "application/json", ...headersOf(stream) } });
}

/** One data event with what is new, and the control event that names the offset behind it, again and again. */
function sseResponse(stream: FakeStream, from: number, signal: AbortSignal): Response {
  const gone = new AbortController();
  const abort = (): void => gone.abort();
  signal.addEventListener("abort", abort, { once: true });
  if (signal.aborted) abort();
  const encoder = new TextEncoder();
  let position = from;
  let told = false;
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      if (told) await stream.news(position, gone.signal);
      if (gone.signal.aborted) return controller.close();
      told = true;
      const events = stream.events.slice(position);
      position += events.length;
      const control = { streamNextOffset: formatOffset(position), upToDate: true, streamClosed: stream.closed };
      const data = events.length === 0 ? "" : `event: data\ndata: ${JSON.stringify(events)}\n\n`;
      controller.enqueue(encoder.encode(`${data}event: control\ndata: ${JSON.stringify(control)}\n\n`));
      if (stream.closed) controller.close();
    },
    cancel: abort,
  });
  return new Response(body, { headers: { "content-type": "text/event-stream" } });
}
