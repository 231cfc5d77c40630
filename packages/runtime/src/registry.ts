import type { EntityTypeRegistration, ForkedFrom } from "@skein/protocol";
import { ENTITY_EVENTS, ENTITY_TYPE, RESERVED_ENTITY_TYPES, SkeinError } from "@skein/protocol";
import type { Collections, EntityDefinition, HandlerContext, StateSchema, Wake } from "./context.ts";
import { toJsonSchema, validate } from "./schema.ts";
import { checkEventTypes } from "./shared-state-schema.ts";

/** The entity types that a runner serves. */
export interface Registry {
  /** Throws `conflict` for a name that is taken, `reserved_name` for one that cannot be. */
  define<S extends StateSchema = StateSchema, Args = unknown, Actions = unknown>(
    name: string,
    definition: EntityDefinition<S, Args, Actions>,
  ): void;
  get(name: string): RegisteredType | undefined;
  types(): readonly RegisteredType[];
}

/** A definition with its type parameters closed over, as the runner uses it. */
export interface RegisteredType {
  readonly name: string;
  readonly registration: EntityTypeRegistration;
  readonly state: StateSchema;
  readonly remember: number | undefined;
  readonly stallMs: number | undefined;
  actions(state: HandlerContext["state"]): unknown;
  parseArgs(args: unknown): Promise<unknown>;
  admit(request: { id: string; args: unknown; forkedFrom?: ForkedFrom | undefined }): Promise<void>;
  handle(ctx: HandlerContext, wake: Wake): Promise<void>;
}

/**
 * An entity definition with its types inferred, to be registered elsewhere.
 *
 * @example
 * const counter = defineEntity({
 *   description: "Counts.",
 *   state: { totals: { type: "total", primaryKey: "key", schema: z.object({ key: z.string(), n: z.number() }) } },
 *   handler(ctx, wake) {
 *     const n = ctx.state.totals.get("all")?.n ?? 0;
 *     ctx.state.totals.upsert({ key: "all", n: n + wake.messages.length });
 *   },
 * });
 * registry.define("counter", counter);
 */
export function defineEntity<S extends StateSchema = StateSchema, Args = unknown, Actions = unknown>(
  definition: EntityDefinition<S, Args, Actions>,
): EntityDefinition<S, Args, Actions> {
  return definition;
}

export function createRegistry(): Registry {
  const types = new Map<string, RegisteredType>();
  return {
    define(name, definition) {
      if (!ENTITY_TYPE.test(name) || RESERVED_ENTITY_TYPES.has(name)) {
        throw new SkeinError("reserved_name", `“${name}” cannot be the name of an entity type.`);
      }
      if (types.has(name)) throw new SkeinError("conflict", `The entity type “${name}” is defined twice.`);
      types.set(name, close(name, definition));
    },
    get: (name) => types.get(name),
    types: () => [...types.values()],
  };
}

const BUILT_IN: ReadonlySet<string> = new Set(Object.values(ENTITY_EVENTS));

function close<S extends StateSchema, Args, Actions>(
  name: string,
  definition: EntityDefinition<S, Args, Actions>,
): RegisteredType {
  const { description, state, remember, stallMs, creationSchema, inboxSchemas, dispatch, binds, fork, admit, handler } =
    definition;
  for (const [collection, { type }] of Object.entries(state ?? {})) {
    if (BUILT_IN.has(type)) {
      throw new SkeinError("reserved_name", `${name}.state.${collection}: the event type “${type}” is built in.`);
    }
  }
  if (remember !== undefined && !(Number.isSafeInteger(remember) && remember >= 0)) {
    throw new SkeinError("invalid_request", `${name}.remember is a number of rows, not ${String(remember)}.`);
  }
  checkEventTypes(`${name}.state`, state ?? {});
  // Without a schema nothing is known of the arguments: `Args` is `unknown`, or what the author vouches for.
  const parseArgs = async (args: unknown): Promise<Args> =>
    creationSchema ? validate(creationSchema, args ?? {}, `The arguments of ${name}`) : (args as Args);
  return {
    name,
    registration: {
      name,
      description,
      admission: admit !== undefined,
      ...optional("creationSchema", creationSchema && toJsonSchema(creationSchema, "input")),
      ...optional("dispatch", dispatch),
      ...optional("binds", binds),
      ...optional("fork", fork),
      ...optional("inboxSchemas", inboxSchemas && jsonSchemas(inboxSchemas)),
      ...optional("stateSchemas", state && stateSchemas(state)),
    },
    state: state ?? {},
    remember,
    stallMs,
    // As below: `ctx.state` is made from this very definition.
    actions: (of) => definition.actions?.(of as unknown as Collections<S>),
    parseArgs,
    async admit({ id, args, forkedFrom }) {
      await admit?.({ id, args: await parseArgs(args), ...(forkedFrom && { forkedFrom }) });
    },
    async handle(ctx, wake) {
      // The runner made `ctx.state` from this very definition and `ctx.args` with its `parseArgs`; the types were
      // closed over so that types of all kinds fit in one registry, and are opened again here.
      await handler(ctx as unknown as HandlerContext<S, Args, Actions>, wake);
    },
  };
}

function jsonSchemas(schemas: NonNullable<EntityDefinition["inboxSchemas"]>): Record<string, Record<string, unknown>> {
  // A type whose schema cannot be said in JSON Schema is still declared, as one that takes anything.
  return Object.fromEntries(
    Object.entries(schemas).map(([type, schema]) => [type, toJsonSchema(schema, "input") ?? {}]),
  );
}

/** By event type, as the server sees the events. */
function stateSchemas(state: StateSchema): Record<string, Record<string, unknown>> {
  return Object.fromEntries(
    Object.values(state).map(({ type, schema }) => [type, (schema && toJsonSchema(schema, "output")) ?? {}]),
  );
}

function optional<Key extends string, Value>(key: Key, value: Value | undefined): { [K in Key]?: Value } {
  const result: { [K in Key]?: Value } = {};
  if (value !== undefined) result[key] = value;
  return result;
}
