import { SkeinError, type EntityType, type EntityTypeAmendment, type entityTypeRegistration } from "@skein/protocol";
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

/**
 * Adds to a type what was not there. A schema that stands is never replaced: what fits it today fits it tomorrow.
 * Saying again what is there already changes nothing.
 */
export function amendType(
  draft: Draft,
  name: string,
  { description, inboxSchemas, stateSchemas }: EntityTypeAmendment,
  now: number,
): EntityType | SkeinError {
  const before = draft.read("types", name);
  if (!before) return new SkeinError("unknown_entity_type", `No entity type ${name} is registered.`);
  for (const [what, known, added] of [
    ["message", before.inboxSchemas, inboxSchemas],
    ["state", before.stateSchemas, stateSchemas],
  ] as const) {
    const changed = Object.keys(added ?? {}).filter(
      (key) => known && Object.hasOwn(known, key) && canonicalJson(known[key]) !== canonicalJson(added?.[key]),
    );
    if (changed.length === 0) continue;
    return new SkeinError(
      "schema_key_exists",
      `${name} has another ${what} schema ${changed.join(", ")}. Schemas can be added, not changed: choose a new name.`,
      { details: { keys: changed } },
    );
  }
  const { revision: _, createdAt: _c, updatedAt: _u, ...current } = before;
  const merged = {
    inboxSchemas: merge(before.inboxSchemas, inboxSchemas),
    stateSchemas: merge(before.stateSchemas, stateSchemas),
  };
  const wanted = {
    ...current,
    ...(description !== undefined && { description }),
    ...(merged.inboxSchemas && { inboxSchemas: merged.inboxSchemas }),
    ...(merged.stateSchemas && { stateSchemas: merged.stateSchemas }),
  };
  if (canonicalJson(current) === canonicalJson(wanted)) return before;
  const type: EntityType = { ...before, ...wanted, revision: before.revision + 1, updatedAt: now };
  draft.write("types", name, type);
  return type;
}

function merge<T extends object>(before: T | undefined, added: T | undefined): T | undefined {
  if (!before) return added;
  return { ...before, ...added };
}
