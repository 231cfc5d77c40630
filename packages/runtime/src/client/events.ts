import type { ChangeEvent } from "@skein/protocol";

/**
 * A message of a state stream: a change of a row, or a control message. What is neither is kept as `unrecognised`,
 * so that positions stay right and one bad message stops nobody.
 */
export interface ControlEvent {
  readonly headers: { readonly control: string; readonly [name: string]: unknown };
  readonly value?: unknown;
}
export type StreamEvent = ChangeEvent | ControlEvent;

const OPERATIONS: ReadonlySet<unknown> = new Set(["insert", "update", "upsert", "delete"]);

/** Checked by hand and not by schema: a transcript has 100,000 of them. */
function isChange(message: object): message is ChangeEvent {
  if (!("type" in message && "key" in message && "headers" in message)) return false;
  const { type, key, headers } = message;
  if (typeof type !== "string" || typeof key !== "string") return false;
  return typeof headers === "object" && headers !== null && "operation" in headers && OPERATIONS.has(headers.operation);
}

function isControl(message: object): message is ControlEvent {
  if (!("headers" in message)) return false;
  const { headers } = message;
  return typeof headers === "object" && headers !== null && "control" in headers && typeof headers.control === "string";
}

export function parseEvent(message: unknown): StreamEvent {
  if (typeof message === "object" && message !== null && (isChange(message) || isControl(message))) return message;
  return { headers: { control: "unrecognised" }, value: message };
}

export function isChangeEvent(event: StreamEvent): event is ChangeEvent {
  return "type" in event;
}
