/**
 * Every error that crosses a package or the wire carries one of these codes. HTTP statuses belong to the server's
 * one table; nobody else knows them. On the wire: `{ "error": { "code", "message", "details"? } }`.
 */
export const ERROR_CODES = [
  // the request
  "invalid_request",
  "malformed_json",
  "too_large",
  "method_not_allowed",
  "unauthorized",
  "forbidden",
  "host_not_allowed",
  "origin_not_allowed",
  // things
  "not_found",
  "unknown_entity_type",
  "entity_exists",
  "entity_ended",
  "stream_exists",
  "stream_closed",
  "stream_gone",
  "schema_validation_failed",
  "unknown_message_type",
  "unknown_event_type",
  "schema_key_exists",
  "conflict",
  "reserved_name",
  // wakes and runners
  "fenced",
  "runner_unavailable",
  "call_failed",
  "timed_out",
  // coders and agents
  "directory_not_found",
  "directory_not_allowed",
  "agent_not_installed",
  "agent_not_signed_in",
  "agent_failed",
  "session_not_found",
  "session_in_use",
  // the server
  "unavailable",
  "internal",
] as const;

export type ErrorCode = (typeof ERROR_CODES)[number];

export interface WireError {
  readonly error: { readonly code: ErrorCode; readonly message: string; readonly details?: unknown };
}

/** An expected failure. `message` is for a person and says what to do; `code` is for programs and stays stable. */
export class SkeinError extends Error {
  readonly code: ErrorCode;
  readonly details: unknown;

  constructor(code: ErrorCode, message: string, options?: { details?: unknown; cause?: unknown }) {
    super(message, options?.cause === undefined ? undefined : { cause: options.cause });
    this.name = "SkeinError";
    this.code = code;
    this.details = options?.details;
  }

  toWire(): WireError {
    const error = { code: this.code, message: this.message };
    return { error: this.details === undefined ? error : { ...error, details: this.details } };
  }
}

const KNOWN: ReadonlySet<string> = new Set(ERROR_CODES);

/** Reads an error body from the wire; `undefined` when it is not one of ours. */
export function parseWireError(body: unknown): SkeinError | undefined {
  if (typeof body !== "object" || body === null || !("error" in body)) return undefined;
  const { error } = body;
  if (typeof error !== "object" || error === null || !("code" in error) || !("message" in error)) return undefined;
  if (typeof error.code !== "string" || !KNOWN.has(error.code) || typeof error.message !== "string") return undefined;
  return new SkeinError(error.code as ErrorCode, error.message, "details" in error ? { details: error.details } : {});
}
