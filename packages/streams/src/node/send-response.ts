import { once } from "node:events";
import type { ServerResponse } from "node:http";
import type { Writable } from "node:stream";
import { finished } from "node:stream/promises";
import { setImmediate as turn } from "node:timers/promises";
import {
  chooseEncoding,
  createCompressor,
  mayCompress,
  MIN_BYTES,
  varyHeaders,
  type CompressPolicy,
} from "./compress.ts";

export interface SendOptions {
  /** A reader that takes nothing for so long is cut off. */
  readonly stallMs: number;
  readonly onStall: () => void;
  readonly compress: CompressPolicy;
}

/** After a piece of this size others get their turn, however fast the reader takes it. */
const LONG_PIECE = 64 * 1024;

type BodyReader = ReadableStreamDefaultReader<Uint8Array>;

/**
 * The web's response to Node's. Nothing is taken from the body while the socket's buffer is full, so what a slow
 * reader does not read is not made. One that takes nothing at all for `stallMs` is cut off.
 */
export async function sendResponse(response: Response, outgoing: ServerResponse, options: SendOptions): Promise<void> {
  const headers: Record<string, string | string[]> = Object.fromEntries(response.headers);
  const cookies = response.headers.getSetCookie();
  if (cookies.length > 0) headers["set-cookie"] = cookies;
  const compressible = mayCompress(response, outgoing.req, options.compress);
  if (response.body === null || outgoing.req.method === "HEAD") {
    if (compressible) varyHeaders(headers, false);
    outgoing.writeHead(response.status, headers);
    await response.body?.cancel();
    outgoing.end();
    return;
  }
  const reader = response.body.getReader();
  const gone = () => void reader.cancel().catch(() => undefined);
  outgoing.once("close", gone);
  try {
    if (!compressible) {
      outgoing.writeHead(response.status, headers);
      outgoing.flushHeaders();
      await pipe(reader, await reader.read(), outgoing, options);
      return;
    }
    // Whether it is long enough is known with its first piece.
    const first = await reader.read();
    const long = !first.done && first.value.length >= MIN_BYTES;
    const encoding = long ? chooseEncoding(outgoing.req, options.compress) : undefined;
    varyHeaders(headers, encoding !== undefined);
    if (encoding === undefined) {
      outgoing.writeHead(response.status, headers);
      return await pipe(reader, first, outgoing, options);
    }
    const { "content-length": _, ...rest } = headers;
    outgoing.writeHead(response.status, { ...rest, "content-encoding": encoding });
    const compressor = createCompressor(encoding);
    compressor.pipe(outgoing);
    outgoing.once("close", () => compressor.destroy());
    await pipe(reader, first, compressor, options, outgoing);
    await finished(outgoing);
  } finally {
    outgoing.removeListener("close", gone);
  }
}

/** Into the socket, or into what stands in front of it. */
async function pipe(
  reader: BodyReader,
  first: Awaited<ReturnType<BodyReader["read"]>>,
  into: Writable,
  options: SendOptions,
  outgoing = into,
): Promise<void> {
  for (let chunk = first; !chunk.done; chunk = await reader.read()) {
    if (outgoing.destroyed) return;
    const long = chunk.value.length >= LONG_PIECE;
    if (!into.write(chunk.value)) await drained(into, outgoing, options);
    if (long) await turn();
  }
  into.end();
}

/** Resolves when more is taken, or the connection is closed. */
async function drained(into: Writable, outgoing: Writable, { stallMs, onStall }: SendOptions): Promise<void> {
  const abort = new AbortController();
  const stalled = setTimeout(() => {
    onStall();
    outgoing.destroy();
  }, stallMs);
  try {
    await Promise.race([once(into, "drain", abort), once(outgoing, "close", abort)]);
  } finally {
    clearTimeout(stalled);
    abort.abort();
  }
}
