import type { ChangeEvent, ChangeOperation } from "@skein/protocol";

/** Who acts and when: put on every event by the server, never taken from a payload. */
export interface Stamp {
  readonly principal: string;
  readonly now: number;
}

export function changeEventOf(
  type: string,
  key: string,
  operation: ChangeOperation,
  value: unknown,
  stamp: Stamp,
): ChangeEvent {
  return stampEvent({ type, key, ...(value !== undefined && { value }), headers: { operation } }, stamp);
}

export function stampEvent(event: ChangeEvent, stamp: Stamp): ChangeEvent {
  const timestamp = new Date(stamp.now).toISOString();
  return { ...event, headers: { ...event.headers, timestamp, principal: stamp.principal } };
}

/** The server itself: what it writes because a time has come or something has changed elsewhere. */
export const SERVER_PRINCIPAL = "service:skein";

/** The principal of an entity's handler. */
export function agentPrincipal(url: string): string {
  return `agent:${url}`;
}
