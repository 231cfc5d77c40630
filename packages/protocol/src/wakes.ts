import { z } from "zod";
import { changeOperation } from "./change-event.ts";
import { cronSchedule } from "./cron.ts";
import { ENTITY_TYPE, isResourceId, parseEntityUrl } from "./paths.ts";
import { MAX_DELAY_MS } from "./schedules.ts";

/**
 * What a handler declares (its manifest) and what it is then told (its wakes). Declarations are `manifest` events in
 * the `writes` of a claim commit; the server acts on them in the same commit. A delete event takes one back.
 */

const DAY_MS = 24 * 60 * 60 * 1000;
const tags = z.record(z.string().min(1).max(128), z.string().max(4096));

/** What can be observed. */
export const observeSource = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("entity"),
    url: z.string().refine((url) => parseEntityUrl(url) !== undefined, "is not an entity's address"),
  }),
  /** A shared state. */
  z.object({ kind: z.literal("db"), id: z.string().refine(isResourceId, "is not a shared state's id") }),
  /** The living entities that have all of it: at least one must be said. */
  z
    .object({
      kind: z.literal("entities"),
      type: z.string().regex(ENTITY_TYPE).optional(),
      tags: tags.optional(),
      parent: z.string().optional(),
    })
    .refine(
      ({ type, tags: of, parent }) =>
        type !== undefined || parent !== undefined || (of !== undefined && Object.keys(of).length > 0),
      "needs a type, tags or a parent",
    ),
  /** Wakes at each tick; ticks that were missed come as one wake that says how many. */
  z.object({ kind: z.literal("cron"), schedule: cronSchedule }),
  /** Wakes once, and then takes itself back (the server deletes the row). `ctx.sleep` is one. */
  z
    .object({
      kind: z.literal("timer"),
      at: z.number().int().min(0).optional(),
      /** Counted from the commit that declares it first. */
      afterMs: z.number().int().min(0).max(MAX_DELAY_MS).optional(),
    })
    .refine(({ at, afterMs }) => (at === undefined) !== (afterMs === undefined), "needs either `at` or `afterMs`"),
]);
export type ObserveSource = z.output<typeof observeSource>;

/** Each silence is told once: when nothing was told for so long since the declaration, or since the last wake. */
const timeoutMs = z.number().int().min(1).max(MAX_DELAY_MS).optional();

/** When an observer is woken. Without it (entity, db, entities) a declaration is only a declaration. */
export const wakeCondition = z.discriminatedUnion("on", [
  /** A run of the entity, or of a member of the set, has ended. */
  z.object({ on: z.literal("runFinished"), includeResponse: z.boolean().default(true), timeoutMs }),
  z.object({
    on: z.literal("change"),
    /**
     * Types of events, as they are in the log (`state:counter`, `run`, `inbox`, …). Absent: of a shared state
     * everything; of an entity its state, runs, tags and end (`UNTOLD` is left out); a set knows `members` only.
     */
    collections: z.array(z.string().min(1).max(128)).min(1).max(100).optional(),
    /** An upsert counts as both. */
    operations: z
      .array(z.enum(["insert", "update", "delete"]))
      .min(1)
      .max(3)
      .optional(),
    /** Changes are gathered for so long, from the first that was not told. */
    debounceMs: z.number().int().min(0).max(DAY_MS).default(0),
    timeoutMs,
    /** What the observer wrote itself wakes it, too. */
    includeOwn: z.boolean().default(false),
  }),
]);
export type WakeCondition = z.output<typeof wakeCondition>;

/** The prefix of the keys of observations; what follows is the handler's choice, at most 200 characters. */
export const OBSERVE_KEY = "observe:";

export const observeRow = z.looseObject({
  kind: z.literal("observe"),
  key: z.string().startsWith(OBSERVE_KEY).max(200),
  source: observeSource,
  wake: wakeCondition.optional(),
  /**
   * Up to where (wire offset) the handler has read the source: what came behind it is told, the first time this is
   * declared for this source. Absent: from the commit on. Of a set: declare it first, then list.
   */
  from: z.string().optional(),
});
export type ObserveRow = z.output<typeof observeRow>;

/** A durable declaration of a handler: what the next wake re-establishes. */
export const manifestRow = z.discriminatedUnion("kind", [
  z.looseObject({
    kind: z.literal("shared-state"),
    key: z.string(),
    id: z.string(),
    mode: z.enum(["create", "connect"]),
  }),
  z.looseObject({ kind: z.literal("child"), key: z.string(), url: z.string() }),
  observeRow,
]);
export type ManifestRow = z.infer<typeof manifestRow>;

/** How a run of another entity ended. */
export const wakeRun = z.object({
  key: z.string(),
  status: z.enum(["completed", "failed"]),
  response: z.string().optional(),
  error: z.string().optional(),
});
export type WakeRun = z.infer<typeof wakeRun>;

/** One row that has changed. `operation` and `offset` (in front of the event, in the source's log) are the last ones. */
export const wakeChange = z.object({
  collection: z.string(),
  key: z.string(),
  operation: changeOperation,
  offset: z.string(),
});
export type WakeChange = z.infer<typeof wakeChange>;

/** So many rows are named in one wake; `more` says how many others have changed. */
export const MAX_WAKE_CHANGES = 100;

const head = {
  key: z.string(),
  /** An entity's url, a shared state's stream, or the text of a set (`entities?type=…&tag=…`), `cron`, `timer`. */
  source: z.string(),
  /** The manifest key of the observation that this follows from. Absent: asked for at spawn. */
  observe: z.string().optional(),
};

/** What happened elsewhere: appended to the observer's main stream. */
export const wakeRow = z.discriminatedUnion("reason", [
  z.looseObject({ ...head, reason: z.literal("runFinished"), run: wakeRun }),
  /** All that matched in the source's log from `from` up to `to` (wire offsets). */
  z.looseObject({
    ...head,
    reason: z.literal("change"),
    from: z.string(),
    to: z.string(),
    changes: z.array(wakeChange),
    more: z.number().int(),
  }),
  /** Nothing was told for the observation's `timeoutMs`. */
  z.looseObject({ ...head, reason: z.literal("timeout"), timeoutMs: z.number() }),
  /** `at`: the tick that was due last; `ticks`: how many this wake stands for (more than one: some were missed). */
  z.looseObject({ ...head, reason: z.literal("cron"), at: z.number(), ticks: z.number().int() }),
  z.looseObject({ ...head, reason: z.literal("timer"), at: z.number() }),
]);
export type WakeRow = z.infer<typeof wakeRow>;
