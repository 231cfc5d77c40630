import { isResourceId, SkeinError } from "@skein/protocol";
import type { StateSchema } from "./context.ts";

/** Names that a shared state's handle has itself: a collection of that name would hide them. */
const RESERVED_COLLECTIONS: ReadonlySet<string> = new Set([
  "id",
  "stream",
  "collections",
  "live",
  "blob",
  "log",
  "drive",
  "observation",
  "then",
]);

/** Throws `invalid_request` or `reserved_name`. */
export function checkSharedState(id: string, schema: StateSchema): void {
  if (!isResourceId(id)) throw new SkeinError("invalid_request", `“${id}” cannot be the id of a shared state.`);
  for (const name of Object.keys(schema)) {
    if (RESERVED_COLLECTIONS.has(name)) {
      throw new SkeinError("reserved_name", `A collection of a shared state cannot be called “${name}”.`);
    }
  }
  checkEventTypes(`The shared state “${id}”`, schema);
}

/** Two collections of one event type would be one. Throws `conflict`. */
export function checkEventTypes(what: string, schema: StateSchema): void {
  const names = new Map<string, string>();
  for (const [name, { type }] of Object.entries(schema)) {
    const other = names.get(type);
    if (other !== undefined) {
      throw new SkeinError("conflict", `${what}: ${other} and ${name} have the same event type “${type}”.`);
    }
    names.set(type, name);
  }
}
