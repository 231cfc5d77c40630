import type { ServerResponse } from "node:http";
import type { Writable } from "node:stream";
import { finished } from "node:stream/promises";
import { setImmediate as turn } from "node:timers/promises";
import { partsOf, type Part, type Parts } from "../pulled-response.ts";
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

/**
 * The web's response to Node's. Nothing is taken from the body while the socket's buffer is full, so what a slow
 * reader does not read is not made. One that takes nothing at all for `stallMs` is cut off.
 */
export async function sendResponse(response: Response, outgoing: ServerResponse, options: SendOptions): Promise<void> {
  const headers: Record<string, string | string[]> = Object.fromEntries(response.headers);
  const cookies = response.headers.getSetCookie();
  if (cookies.length > 0) headers["set-cookie"] = cookies;
  const compressible = mayCompress(response, outgoing.req, options.compress);
  const parts = partsOf(response);
  if (parts === undefined || outgoing.req.method === "HEAD") {
    if (compressible) varyHeaders(headers, false);
    outgoing.writeHead(response.status, headers);
    parts?.cancel();
    outgoing.end();
    return;
  }
  const gone = () => parts.cancel();
  outgoing.once("close", gone);
  try {
    if (!compressible) {
      outgoing.writeHead(response.status, headers);
      outgoing.flushHeaders();
      return await pipe(parts, await parts.next(), outgoing, options);
    }
    // Whether it is long enough is known with its first piece.
    const first = await parts.next();
    const long = first !== undefined && sizeOf(first) >= MIN_BYTES;
    const encoding = long ? chooseEncoding(outgoing.req, options.compress) : undefined;
    varyHeaders(headers, encoding !== undefined);
    if (encoding === undefined) {
      outgoing.writeHead(response.status, headers);
      return await pipe(parts, first, outgoing, options);
    }
    const { "content-length": _, ...rest } = headers;
    outgoing.writeHead(response.status, { ...rest, "content-encoding": encoding });
    const compressor = createCompressor(encoding);
    compressor.pipe(outgoing);
    outgoing.once("close", () => compressor.destroy());
    await pipe(parts, first, compressor, options, outgoing);
    await finished(outgoing);
  } finally {
    outgoing.removeListener("close", gone);
  }
}

/** Into the socket, or into what stands in front of it. */
async function pipe(
  parts: Parts,
  first: Part | undefined,
  into: Writable,
  options: SendOptions,
  outgoing = into,
): Promise<void> {
  for (let part = first; part !== undefined; part = await parts.next()) {
    if (outgoing.destroyed) return;
    const long = sizeOf(part) >= LONG_PIECE;
    let full = false;
    // Node sends what is written in one turn with one call.
    for (const piece of part) full = !into.write(piece);
    // Nothing of it is held here while a slow reader takes it.
    part = undefined;
    if (full) await drained(into, outgoing, options);
    if (long) await turn();
  }
  into.end();
}

function sizeOf(part: Part): number {
  let size = 0;
  for (const { length } of part) size += length;
  return size;
}

/** Resolves when more is taken, or the connection is closed. */
function drained(into: Writable, outgoing: Writable, { stallMs, onStall }: SendOptions): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(stalled);
      into.off("drain", done);
      outgoing.off("close", done);
      resolve();
    };
    const stalled = setTimeout(() => {
      onStall();
      outgoing.destroy();
    }, stallMs);
    into.once("drain", done);
    outgoing.once("close", done);
  });
}
