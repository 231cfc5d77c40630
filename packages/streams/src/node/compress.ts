import type { IncomingMessage } from "node:http";
import type { Transform } from "node:stream";
import { constants, createBrotliCompress, createGzip } from "node:zlib";

/**
 * Compression of answers, where it pays: texts of some size that go over a network. Never of live reads, whose
 * messages would wait in the compressor, and never towards this machine, where it costs more than the bytes.
 * The work is done in Node's thread pool, part by part.
 */
export type CompressPolicy = "network" | "always" | "never";

type Encoding = "br" | "gzip";

/** Below it a packet is a packet. */
export const MIN_BYTES = 4096;

const COMPRESSIBLE =
  /^(application\/(json|javascript|manifest\+json|ndjson|xml)|text\/(?!event-stream)|image\/svg\+xml)/;
const LOOPBACK = /^(127\.|::1$|::ffff:127\.)/;

/** Whether what is answered depends on what the client accepts: caches must know, also when it is not compressed. */
export function mayCompress(response: Response, incoming: IncomingMessage, policy: CompressPolicy): boolean {
  if (policy === "never" || isLive(incoming)) return false;
  const { status, headers } = response;
  if ((status !== 200 && status !== 304) || headers.has("content-encoding") || headers.has("content-range"))
    return false;
  if (headers.get("cache-control")?.includes("no-transform") === true) return false;
  return status === 304 ? headers.has("etag") : COMPRESSIBLE.test(headers.get("content-type") ?? "");
}

/** The encoding for this client; `undefined`: as it is. */
export function chooseEncoding(incoming: IncomingMessage, policy: CompressPolicy): Encoding | undefined {
  if (policy === "network" && isLocal(incoming)) return undefined;
  const accepted = parseAccepted(incoming.headers["accept-encoding"]);
  const quality = (name: string) => accepted.get(name) ?? accepted.get("*") ?? 0;
  if (quality("br") > 0 && quality("br") >= quality("gzip")) return "br";
  return quality("gzip") > 0 ? "gzip" : undefined;
}

/** Quick settings: the best ones take ten times as long for a tenth less. */
export function createCompressor(encoding: Encoding): Transform {
  if (encoding === "gzip") return createGzip({ level: 4 });
  return createBrotliCompress({
    params: { [constants.BROTLI_PARAM_QUALITY]: 4, [constants.BROTLI_PARAM_MODE]: constants.BROTLI_MODE_TEXT },
  });
}

/** The answer varies with what is accepted, and the same text in another encoding is not the same bytes. */
export function varyHeaders(headers: Record<string, string | string[]>, encoded: boolean): void {
  const vary = headers["vary"];
  headers["vary"] = vary === undefined ? "accept-encoding" : `${String(vary)}, accept-encoding`;
  const etag = headers["etag"];
  if (encoded && typeof etag === "string" && !etag.startsWith("W/")) headers["etag"] = `W/${etag}`;
}

function isLive({ url = "" }: IncomingMessage): boolean {
  return /[?&]live=/.test(url);
}

/** A proxy on this machine speaks for somebody elsewhere. */
function isLocal({ socket, headers }: IncomingMessage): boolean {
  return (
    LOOPBACK.test(socket.remoteAddress ?? "") &&
    headers["x-forwarded-for"] === undefined &&
    headers["forwarded"] === undefined
  );
}

function parseAccepted(header: string | string[] | undefined): Map<string, number> {
  const accepted = new Map<string, number>();
  for (const part of String(header ?? "").split(",")) {
    const [name = "", ...parameters] = part.split(";").map((text) => text.trim().toLowerCase());
    const quality = parameters.find((parameter) => parameter.startsWith("q="));
    if (name !== "") accepted.set(name, quality === undefined ? 1 : Number(quality.slice(2)) || 0);
  }
  return accepted;
}
