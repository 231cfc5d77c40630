import { parseOffset, SkeinError } from "@skein/protocol";
import type { ProducerStamp } from "@skein/store";
import { isMediaType, mediaType } from "./content-type.ts";
import { HEADERS } from "./protocol.ts";

/**
 * What the headers of a PUT or a POST ask for. A malformed header is refused; nothing is guessed.
 */
export interface Lifetime {
  readonly ttlSeconds?: number;
  /** Milliseconds since 1970. */
  readonly expiresAt?: number;
}

export interface ForkRequest {
  readonly source: string;
  readonly position?: number;
  readonly subOffset: number;
}

export interface CreateHeaders {
  readonly contentType: string | undefined;
  readonly lifetime: Lifetime;
  readonly closed: boolean;
  readonly fork: ForkRequest | undefined;
}

export interface AppendHeaders {
  readonly contentType: string | undefined;
  readonly close: boolean;
  readonly producer: ProducerStamp | undefined;
  readonly streamSeq: string | undefined;
  readonly expectedHead: number | undefined;
}

export function parseCreateHeaders(headers: Headers): CreateHeaders {
  return {
    contentType: contentType(headers),
    lifetime: lifetime(headers),
    closed: isClosed(headers),
    fork: fork(headers),
  };
}

export function parseAppendHeaders(headers: Headers): AppendHeaders {
  const expected = headers.get(HEADERS.expectedOffset);
  return {
    contentType: contentType(headers),
    close: isClosed(headers),
    producer: producer(headers),
    streamSeq: streamSeq(headers),
    expectedHead: expected === null ? undefined : offset(expected, "Stream-Expected-Offset"),
  };
}

function streamSeq(headers: Headers): string | undefined {
  const seq = headers.get(HEADERS.seq) ?? undefined;
  if (seq === "") throw bad("Stream-Seq is empty.");
  return seq;
}

function contentType(headers: Headers): string | undefined {
  const type = mediaType(headers.get("content-type"));
  if (type !== undefined && !isMediaType(type)) throw bad("Content-Type is not a media type.");
  return type;
}

function isClosed(headers: Headers): boolean {
  return headers.get(HEADERS.closed)?.trim().toLowerCase() === "true";
}

const TTL = /^(0|[1-9]\d{0,10})$/;
/** RFC 3339, as the protocol asks; `Date` alone would take much more. */
const TIMESTAMP = /^\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:\d{2})$/;

function lifetime(headers: Headers): Lifetime {
  const ttl = headers.get(HEADERS.ttl);
  const expiresAt = headers.get(HEADERS.expiresAt);
  if (ttl !== null && expiresAt !== null) throw bad("Stream-TTL and Stream-Expires-At exclude each other.");
  if (ttl !== null) {
    if (!TTL.test(ttl)) throw bad("Stream-TTL is a number of seconds, without sign, point or leading zeros.");
    return { ttlSeconds: Number(ttl) };
  }
  if (expiresAt === null) return {};
  const at = TIMESTAMP.test(expiresAt) ? Date.parse(expiresAt) : Number.NaN;
  if (Number.isNaN(at)) throw bad("Stream-Expires-At is an RFC 3339 timestamp.");
  return { expiresAt: at };
}

function fork(headers: Headers): ForkRequest | undefined {
  const source = headers.get(HEADERS.forkedFrom);
  const at = headers.get(HEADERS.forkOffset);
  const sub = headers.get(HEADERS.forkSubOffset);
  if (source === null) {
    if (at !== null || sub !== null) throw bad("A fork's offset needs Stream-Forked-From.");
    return undefined;
  }
  if (sub !== null && !/^(0|[1-9]\d{0,14})$/.test(sub)) throw bad("Stream-Fork-Sub-Offset is a whole number.");
  const subOffset = sub === null ? 0 : Number(sub);
  if (at === null) {
    if (subOffset > 0) throw bad("Stream-Fork-Sub-Offset needs Stream-Fork-Offset: nothing is behind the tail.");
    return { source, subOffset };
  }
  return { source, position: at === "-1" ? 0 : offset(at, "Stream-Fork-Offset"), subOffset };
}

function producer(headers: Headers): ProducerStamp | undefined {
  const id = headers.get(HEADERS.producerId);
  const epoch = headers.get(HEADERS.producerEpoch);
  const seq = headers.get(HEADERS.producerSeq);
  if (id === null && epoch === null && seq === null) return undefined;
  if (id === null || epoch === null || seq === null) {
    throw bad("Producer-Id, Producer-Epoch and Producer-Seq come together.");
  }
  if (id === "" || id.length > MAX_PRODUCER_ID) throw bad(`Producer-Id has 1 to ${MAX_PRODUCER_ID} characters.`);
  return { id, epoch: integer(epoch, "Producer-Epoch"), seq: integer(seq, "Producer-Seq") };
}

const MAX_PRODUCER_ID = 256;

function integer(text: string, name: string): number {
  const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(value)) throw bad(`${name} is a whole number up to 2^53 - 1.`);
  return value;
}

function offset(text: string, name: string): number {
  const position = parseOffset(text);
  if (position === undefined) throw bad(`${name} is not an offset that this server gave out.`);
  return position;
}

function bad(message: string): SkeinError {
  return new SkeinError("invalid_request", message);
}
