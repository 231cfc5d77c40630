import type { ErrorCode, SkeinError } from "@skein/protocol";

/** The one place that knows HTTP statuses of error codes. */
const STATUS: Readonly<Record<ErrorCode, number>> = {
  invalid_request: 400,
  malformed_json: 400,
  too_large: 413,
  method_not_allowed: 405,
  unauthorized: 401,
  forbidden: 403,
  host_not_allowed: 403,
  origin_not_allowed: 403,
  not_found: 404,
  unknown_entity_type: 404,
  entity_exists: 409,
  entity_ended: 409,
  stream_exists: 409,
  stream_closed: 409,
  stream_gone: 410,
  schema_validation_failed: 422,
  unknown_message_type: 422,
  unknown_event_type: 422,
  schema_key_exists: 409,
  conflict: 409,
  reserved_name: 422,
  fenced: 409,
  runner_unavailable: 503,
  call_failed: 502,
  timed_out: 504,
  directory_not_found: 422,
  directory_not_allowed: 403,
  agent_not_installed: 422,
  agent_not_signed_in: 422,
  agent_failed: 502,
  session_not_found: 404,
  session_in_use: 409,
  unavailable: 503,
  internal: 500,
};

export function errorResponse(error: SkeinError, headers: Readonly<Record<string, string>> = {}): Response {
  const extra: Record<string, string> = error.code === "unauthorized" ? { "www-authenticate": "Bearer" } : {};
  return json(error.toWire(), { status: STATUS[error.code], headers: { ...extra, ...headers } });
}

export function json(
  body: unknown,
  init: { readonly status?: number; readonly headers?: Readonly<Record<string, string>> } = {},
): Response {
  const headers = { "content-type": "application/json", "cache-control": "no-store", ...init.headers };
  return new Response(JSON.stringify(body), { status: init.status ?? 200, headers });
}

export function noContent(): Response {
  return new Response(null, { status: 204, headers: { "cache-control": "no-store" } });
}
