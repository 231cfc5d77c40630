import type { EntityType, EntityTypeAmendment, entityTypeRegistration } from "@skein/protocol";
import { RESERVED_ENTITY_TYPES, SkeinError } from "@skein/protocol";
import { z } from "zod";
import type { FakeState } from "./state.ts";

type Registration = z.output<typeof entityTypeRegistration>;
type Schema = Readonly<Record<string, unknown>>;

/** Registers a type, or does nothing when it stands as it would be. Schemas that are not named again stay. */
export function registerType(state: FakeState, registration: Registration): EntityType {
  const before = state.types.get(registration.name);
  const inboxSchemas = merged(before?.inboxSchemas, registration.inboxSchemas);
  const stateSchemas = merged(before?.stateSchemas, registration.stateSchemas);
  const wanted = { ...registration, ...(inboxSchemas && { inboxSchemas }), ...(stateSchemas && { stateSchemas }) };
  if (before) {
    const { revision: _, createdAt: _c, updatedAt: _u, ...current } = before;
    if (canonical(current) === canonical(wanted)) return before;
  }
  const now = state.clock.now();
  const revision = (before?.revision ?? 0) + 1;
  const type: EntityType = { ...wanted, revision, createdAt: before?.createdAt ?? now, updatedAt: now };
  state.types.set(type.name, type);
  return type;
}

/** Adds schemas; one that is there is not replaced. */
export function amendType(state: FakeState, name: string, amendment: EntityTypeAmendment): EntityType {
  const before = state.types.get(name);
  if (!before) throw new SkeinError("unknown_entity_type", `No entity type ${name} is registered.`);
  for (const of of ["inboxSchemas", "stateSchemas"] as const) {
    for (const [key, schema] of Object.entries(amendment[of] ?? {})) {
      const there = before[of]?.[key];
      if (there && canonical(there) !== canonical(schema))
        throw new SkeinError(
          "schema_key_exists",
          `${name} has another ${of === "inboxSchemas" ? "message" : "state"} schema ${key}.`,
        );
      compile(schema);
    }
  }
  const { revision: _, createdAt: _c, updatedAt: _u, ...current } = before;
  const { description = before.description, ...schemas } = amendment;
  return registerType(state, { ...current, ...schemas, description });
}

/** Throws when the name is taken by a path of ours, or a schema is none. */
export function checkRegistration(type: Registration): void {
  if (RESERVED_ENTITY_TYPES.has(type.name)) {
    throw new SkeinError("reserved_name", `No entity type can be named ${type.name}.`);
  }
  const schemas = [...Object.values(type.inboxSchemas ?? {}), ...Object.values(type.stateSchemas ?? {})];
  for (const schema of type.creationSchema ? [type.creationSchema, ...schemas] : schemas) compile(schema);
}

const compiled = new WeakMap<Schema, z.ZodType>();

function compile(schema: Schema): z.ZodType {
  const known = compiled.get(schema);
  if (known) return known;
  try {
    const made = z.fromJSONSchema(schema);
    compiled.set(schema, made);
    return made;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new SkeinError("invalid_request", `This is not a usable JSON Schema: ${reason}`, { cause });
  }
}

/** The first thing wrong with a value, in words. */
export function problemOf(schema: Schema, value: unknown): string | undefined {
  const parsed = compile(schema).safeParse(value);
  const issue = parsed.error?.issues[0];
  if (!issue) return undefined;
  return `${issue.path.length === 0 ? "the value" : issue.path.join(".")}: ${issue.message}`;
}

function merged<T extends object>(before: T | undefined, added: T | undefined): T | undefined {
  return before ? { ...before, ...added } : added;
}

/** The same for the same content, whatever the order of its fields. */
export function canonical(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) =>
    typeof part === "object" && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}
