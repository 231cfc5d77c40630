import type { CronSchedule } from "@skein/protocol";
import { cronSchedule, ENTITY_EVENTS, ENTITY_TYPE, parseEntityUrl, SkeinError } from "@skein/protocol";
import { z } from "zod";
import type { StateSchema } from "./context.ts";

/** What a handler can observe: made here, given to `ctx.observe`. */

/** `db(id, schema)`: a shared state. */
export interface DbSource<S extends StateSchema> {
  readonly kind: "db";
  readonly id: string;
  readonly schema: S;
}

/** `entity(url, schema)`: another entity, with the collections of its state that one wants to read. */
export interface EntitySource<S extends StateSchema> {
  readonly kind: "entity";
  readonly url: string;
  readonly schema: S;
}

/** `entities({ type, tags, parent })`: the living entities that have all of it. */
export interface EntitiesSource {
  readonly kind: "entities";
  readonly type?: string;
  readonly tags?: Readonly<Record<string, string>>;
  readonly parent?: string;
}

/** `cron(expression, { timezone })`. */
export interface CronSource {
  readonly kind: "cron";
  readonly schedule: CronSchedule;
}

/** The built-in collections of an entity's stream that others may want to hear of. */
const BUILT_IN_NAMES = {
  runs: ENTITY_EVENTS.run,
  tags: ENTITY_EVENTS.tag,
  errors: ENTITY_EVENTS.error,
  inbox: ENTITY_EVENTS.inbox,
  signals: ENTITY_EVENTS.signal,
} as const;
export type BuiltInName = keyof typeof BUILT_IN_NAMES;

export function builtInType(name: string): string | undefined {
  return Object.entries(BUILT_IN_NAMES).find(([one]) => one === name)?.[1];
}

/** When an observer is woken. `Name`: what its source calls its collections. Times are milliseconds. */
export type WakeOn<Name extends string = string> =
  /** A run of the entity, or of a member of the set, has ended. */
  | "runFinished"
  | { readonly on: "runFinished"; readonly includeResponse?: boolean; readonly timeoutMs?: number }
  | {
      readonly on: "change";
      /** Default: all of a shared state; of an entity its state, runs, tags and end. */
      readonly collections?: readonly Name[];
      readonly operations?: readonly ("insert" | "update" | "delete")[];
      /** Changes are gathered for so long. Default 0. */
      readonly debounceMs?: number;
      /** A silence of this length is told, too, once each. */
      readonly timeoutMs?: number;
      /** What this entity writes itself wakes it, too. Default false. */
      readonly includeOwn?: boolean;
    };

/** The shared state `id`, with the collections one expects in it. */
export function db<S extends StateSchema>(id: string, schema: S): DbSource<S> {
  return { kind: "db", id, schema };
}

/** The entity at `url`. Throws `invalid_request` when it is no address of one. */
export function entity(url: string): EntitySource<StateSchema>;
export function entity<S extends StateSchema>(url: string, schema: S): EntitySource<S>;
export function entity(url: string, schema: StateSchema = {}): EntitySource<StateSchema> {
  if (parseEntityUrl(url) === undefined)
    throw new SkeinError("invalid_request", `“${url}” is not an entity's address.`);
  return { kind: "entity", url, schema };
}

/** Throws `invalid_request` when nothing is said that they must have. */
export function entities({ type, tags, parent }: Omit<EntitiesSource, "kind">): EntitiesSource {
  const said = type !== undefined || parent !== undefined || Object.keys(tags ?? {}).length > 0;
  if (!said || (type !== undefined && !ENTITY_TYPE.test(type))) {
    throw new SkeinError("invalid_request", "A set of entities needs a type, tags or a parent.");
  }
  return { kind: "entities", ...(type !== undefined && { type }), ...(tags && { tags }), ...(parent && { parent }) };
}

/** Five fields, or six with seconds in front; an IANA time zone, UTC by default. Throws `invalid_request`. */
export function cron(expression: string, { timezone = "UTC" }: { readonly timezone?: string } = {}): CronSource {
  const schedule = cronSchedule.safeParse({ expression, timeZone: timezone });
  if (schedule.success) return { kind: "cron", schedule: schedule.data };
  throw new SkeinError("invalid_request", `“${expression}” in ${timezone}: ${z.prettifyError(schedule.error)}`);
}
