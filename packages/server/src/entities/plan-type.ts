import type { EntityType, entityTypeRegistration } from "@skein/protocol";
import type { z } from "zod";
import type { Draft } from "../records/draft.ts";
import { canonicalJson } from "./canonical-json.ts";

export type Registration = z.output<typeof entityTypeRegistration>;

/**
 * Registers a type, or does nothing when it stands as it would be. Message and state schemas that are there and not
 * named again stay: entities of an older build keep working beside a newer one.
 */
export function registerType(draft: Draft, registration: Registration, now: number): EntityType {
  const before = draft.read("types", registration.name);
  const inboxSchemas = merge(before?.inboxSchemas, registration.inboxSchemas);
  const stateSchemas = merge(before?.stateSchemas, registration.stateSchemas);
  const wanted = { ...registration, ...(inboxSchemas && { inboxSchemas }), ...(stateSchemas && { stateSchemas }) };
  if (before) {
    const { revision: _, createdAt: _c, updatedAt: _u, ...current } = before;
    if (canonicalJson(current) === canonicalJson(wanted)) return before;
  }
  const revision = (before?.revision ?? 0) + 1;
  const type: EntityType = { ...wanted, revision, createdAt: before?.createdAt ?? now, updatedAt: now };
  draft.write("types", registration.name, type);
  return type;
}

function merge<T extends object>(before: T | undefined, added: T | undefined): T | undefined {
  if (!before) return added;
  return { ...before, ...added };
}
