import { SkeinError } from "@skein/protocol";
import { z } from "zod";
import type { Clock } from "./clock.ts";
import type { StreamBatch } from "./read-stream.ts";
import { requireOffset, startOf, toEvents } from "./read-stream.ts";
import { createSseParser } from "./sse.ts";
import type { Transport } from "./transport.ts";
import { parseJson, readJson } from "./transport.ts";

/** The live end of a stream over one connection after another. Servers close them now and then; that is no failure. */
export interface TailOptions {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly path: string;
  /** Where to begin; everything in front of it has been read. */
  readonly offset: string;
  readonly signal: AbortSignal;
  /** The server answered, and the reader was up to date then. */
  readonly onOpen: () => void;
}

/** No byte for this long, keep-alives included: the connection is dead, whatever the socket says. */
const SILENCE_MS = 60_000;

const control = z.looseObject({
  streamNextOffset: z.string(),
  streamCursor: z.string().optional(),
  upToDate: z.boolean().optional(),
  streamClosed: z.boolean().optional(),
});

export async function* tailStream(options: TailOptions): AsyncGenerator<StreamBatch, void, undefined> {
  let { offset } = options;
  let cursor: string | undefined;
  for (;;) {
    let heard = false;
    for await (const [batch, next] of connect(options, offset, cursor)) {
      heard = true;
      offset = batch.offset;
      cursor = next;
      if (batch.events.length > 0 || batch.closed) yield batch;
      if (batch.closed) return;
    }
    if (options.signal.aborted) return;
    // Without this a server that hangs up at once would be called in a tight loop.
    if (!heard) throw new SkeinError("unavailable", "The server ended the connection without a word.");
  }
}

/** One server-sent events connection. A batch is given when its control event names its offset, and not before. */
async function* connect(
  { transport, clock, path, signal, onOpen }: TailOptions,
  from: string,
  cursor: string | undefined,
): AsyncGenerator<[StreamBatch, string | undefined], void, undefined> {
  const connection = new AbortController();
  const abort = (): void => connection.abort(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  if (signal.aborted) abort();
  let reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
  let stopWatch = (): void => undefined;
  const watch = (): void => {
    stopWatch();
    stopWatch = clock.after(SILENCE_MS, () => connection.abort(new SkeinError("unavailable", "The server is silent.")));
  };
  try {
    watch();
    const query = { offset: from, live: "sse", cursor };
    const response = await transport.request("GET", path, { query, signal: connection.signal });
    if (!response.body) throw new SkeinError("internal", "A live read was answered without a body.");
    const body = response.body.getReader();
    reader = body;
    // Whether or not the body minds its request's signal, an abort ends the read that waits.
    connection.signal.addEventListener("abort", () => void body.cancel().catch(() => undefined), { once: true });
    onOpen();
    const parse = createSseParser();
    const decoder = new TextDecoder();
    let data: string[] = [];
    for (;;) {
      const { done, value } = await body.read();
      connection.signal.throwIfAborted();
      if (done) return;
      watch();
      for (const event of parse(decoder.decode(value, { stream: true }))) {
        if (event.event === "data") data.push(event.data);
        if (event.event !== "control") continue;
        const said = control.parse(parseJson(event.data));
        const events = data.flatMap((text) => toEvents(parseJson(text)));
        const batch = {
          events,
          start: startOf(events, requireOffset(said.streamNextOffset)),
          offset: said.streamNextOffset,
          upToDate: said.upToDate ?? false,
          closed: said.streamClosed ?? false,
        };
        data = [];
        yield [batch, said.streamCursor];
      }
    }
  } catch (error) {
    if (signal.aborted) return;
    const { reason } = connection.signal;
    if (reason instanceof SkeinError) throw reason;
    if (error instanceof SkeinError) throw error;
    throw new SkeinError("unavailable", "The live connection broke.", { cause: error });
  } finally {
    stopWatch();
    signal.removeEventListener("abort", abort);
    connection.abort();
    // The connection is being thrown away: whatever its end has to say is of no use to anybody.
    reader?.cancel().catch(() => undefined);
  }
}

/** The same by long polls, for networks that hold back open responses. */
export async function* longPollStream(options: TailOptions): AsyncGenerator<StreamBatch, void, undefined> {
  const { transport, path, signal, onOpen } = options;
  let { offset } = options;
  let cursor: string | undefined;
  onOpen();
  while (!signal.aborted) {
    const query = { offset, live: "long-poll", cursor };
    const response = await transport.request("GET", path, { query, signal });
    const { headers } = response;
    const events = response.status === 204 ? [] : toEvents(await readJson(response));
    onOpen();
    const next = requireOffset(headers.get("stream-next-offset") ?? offset);
    cursor = headers.get("stream-cursor") ?? undefined;
    const batch = {
      events,
      start: startOf(events, next),
      offset: next,
      upToDate: headers.get("stream-up-to-date") === "true",
      closed: headers.get("stream-closed") === "true",
    };
    offset = next;
    if (events.length > 0 || batch.closed) yield batch;
    if (batch.closed) return;
  }
}
