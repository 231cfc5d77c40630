import { isResourceId, SkeinError } from "@skein/protocol";
import type { DbSource, StateSchema } from "./context.ts";

/** Names that a shared state's handle has itself: a collection of that name would hide them. */
const RESERVED_COLLECTIONS: ReadonlySet<string> = new Set(["id", "stream", "collections", "live", "then"]);

/** The shared state `id`, with the collections one expects in it: what `ctx.observe` takes. */
export function db<S extends StateSchema>(id: string, schema: S): DbSource<S> {
  return { kind: "db", id, schema };
}

/** Throws `invalid_request` or `reserved_name`. */
export function checkSharedState(id: string, schema: StateSchema): void {
  if (!isResourceId(id)) throw new SkeinError("invalid_request", `“${id}” cannot be the id of a shared state.`);
  for (const name of Object.keys(schema)) {
    if (RESERVED_COLLECTIONS.has(name)) {
      throw new SkeinError("reserved_name", `A collection of a shared state cannot be called “${name}”.`);
    }
  }
}
