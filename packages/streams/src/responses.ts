import { formatOffset, SkeinError, type ErrorCode } from "@skein/protocol";
import type { StreamInfo } from "@skein/store";
import { HEADERS } from "./protocol.ts";

/**
 * Responses, and the one table from error codes to the statuses of the protocol.
 */
export type HeaderMap = Record<string, string>;

const STATUS: Partial<Record<ErrorCode, number>> = {
  invalid_request: 400,
  malformed_json: 400,
  schema_validation_failed: 422,
  unauthorized: 401,
  forbidden: 403,
  fenced: 403,
  not_found: 404,
  method_not_allowed: 405,
  stream_exists: 409,
  stream_closed: 409,
  conflict: 409,
  stream_gone: 410,
  too_large: 413,
  unavailable: 503,
  internal: 500,
};

/** An expected failure as its response; one without a status of its own is the request's fault. */
export function errorResponse(error: SkeinError, headers: HeaderMap = {}): Response {
  return Response.json(error.toWire(), {
    status: STATUS[error.code] ?? 400,
    headers: { ...headers, "cache-control": "no-store" },
  });
}

export function refuse(code: ErrorCode, message: string, headers?: HeaderMap): Response {
  return errorResponse(new SkeinError(code, message), headers);
}

export function empty(status: 200 | 201 | 204 | 304, headers: HeaderMap): Response {
  return new Response(null, { status, headers });
}

/** Where the stream ends now, and whether that is for ever. */
export function tailHeaders(stream: StreamInfo): HeaderMap {
  return {
    [HEADERS.nextOffset]: formatOffset(stream.head),
    ...(stream.closed ? { [HEADERS.closed]: "true" } : {}),
  };
}

/** The stream's lifetime as it was asked for. */
export function lifetimeHeaders(stream: StreamInfo): HeaderMap {
  if (stream.ttlSeconds !== undefined) return { [HEADERS.ttl]: String(stream.ttlSeconds) };
  if (stream.expiresAt === undefined) return {};
  return { [HEADERS.expiresAt]: new Date(stream.expiresAt).toISOString() };
}
