import type { ErrorCode, SkeinError } from "@skein/protocol";

/** Statuses of the codes that can occur here; the suite that the real server passes too judges them. */
const STATUS: Readonly<Partial<Record<ErrorCode, number>>> = {
  method_not_allowed: 405,
  too_large: 413,
  forbidden: 403,
  directory_not_allowed: 403,
  not_found: 404,
  unknown_entity_type: 404,
  entity_exists: 409,
  entity_ended: 409,
  stream_closed: 409,
  conflict: 409,
  schema_key_exists: 409,
  fenced: 409,
  session_in_use: 409,
  schema_validation_failed: 422,
  unknown_message_type: 422,
  unknown_event_type: 422,
  reserved_name: 422,
  directory_not_found: 422,
  agent_not_installed: 422,
  agent_not_signed_in: 422,
  call_failed: 502,
  agent_failed: 502,
  runner_unavailable: 503,
  unavailable: 503,
  internal: 500,
};

export function errorResponse(error: SkeinError): Response {
  return Response.json(error.toWire(), { status: STATUS[error.code] ?? 400 });
}
