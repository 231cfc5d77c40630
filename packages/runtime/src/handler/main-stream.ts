import { ENTITY_EVENTS } from "@skein/protocol";
import type { Keep } from "../client/index.ts";
import type { StateSchema } from "../context.ts";

const BUILT_IN: ReadonlySet<string> = new Set([
  ENTITY_EVENTS.inbox,
  ENTITY_EVENTS.signal,
  ENTITY_EVENTS.run,
  ENTITY_EVENTS.wake,
  ENTITY_EVENTS.manifest,
]);

/** Of these an entity may hold only the newest: see `EntityDefinition.remember`. */
export const TRIMMED: ReadonlySet<string> = new Set([
  ENTITY_EVENTS.inbox,
  ENTITY_EVENTS.signal,
  ENTITY_EVENTS.run,
  ENTITY_EVENTS.wake,
]);

/** What is held of an entity's main stream: the built-in collections a handler can see, and its state. */
export function keepOfMain(state: StateSchema): (type: string) => Keep {
  const types = new Set(Object.values(state).map(({ type }) => type));
  return (type) => (BUILT_IN.has(type) || types.has(type) ? "all" : "none");
}
