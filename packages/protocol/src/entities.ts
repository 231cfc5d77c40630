import { z } from "zod";
import { forkDeclaration, forkedFrom } from "./forks.ts";
import { ENTITY_ID, ENTITY_TYPE } from "./paths.ts";
import { when } from "./schedules.ts";

/**
 * Entities as the directory shows them, and the messages that make and drive them.
 */
export const entityStatus = z.enum(["idle", "running", "paused", "stopped", "killed"]);
export type EntityStatus = z.infer<typeof entityStatus>;

export const tags = z.record(z.string().min(1).max(128), z.string().max(4096));
export type Tags = z.infer<typeof tags>;

/**
 * Which runners may work on an entity: the one of this id, or those that have all of these labels. `whenGone`, when no
 * such runner is online: the work waits for one, or moves to any runner of the type.
 */
export const dispatchPolicy = z
  .object({
    runner: z.string().regex(ENTITY_ID).optional(),
    labels: z.record(z.string().min(1).max(64), z.string().max(256)).optional(),
    whenGone: z.enum(["wait", "move"]).default("wait"),
  })
  .refine(
    ({ runner, labels }) => runner !== undefined || (labels !== undefined && Object.keys(labels).length > 0),
    "needs a runner or labels",
  );
export type DispatchPolicy = z.output<typeof dispatchPolicy>;

/** `GET /{type}/{id}`, and the rows of `GET /_skein/entities`. Times are milliseconds since 1970. */
export const entity = z.object({
  url: z.string(),
  type: z.string(),
  id: z.string(),
  status: entityStatus,
  args: z.unknown(),
  tags,
  parent: z.string().optional(),
  createdBy: z.string(),
  createdAt: z.number(),
  updatedAt: z.number(),
  streams: z.object({ main: z.string() }),
  /** Its own, from the spawn, or its type's at that time. Absent: any runner of the type. */
  dispatch: dispatchPolicy.optional(),
  /** Only in `GET /{type}/{id}`: whether a runner that may work on it is online, and who holds its claim. */
  placement: z.object({ online: z.boolean(), runner: z.string().optional() }).optional(),
  /** Of a fork, stamped by the server. */
  forkedFrom: forkedFrom.optional(),
});
export type Entity = z.infer<typeof entity>;

/** `GET /_skein/entities`. `next` is passed as `after`; `offset` is where to follow the directory stream from. */
export const entityPage = z.object({ entities: z.array(entity), next: z.string().optional(), offset: z.string() });
export type EntityPage = z.infer<typeof entityPage>;

/** The body of a send, and a spawn's first message. `type` picks the inbox schema; untyped messages are not checked. */
export const message = z
  .object({
    payload: z.unknown(),
    type: z.string().max(128).optional(),
    /** Seen before: the message is not queued again and the first answer is given. */
    idempotencyKey: z.string().min(1).max(256).optional(),
    /** When it is to be put into the inbox. Absent, or in the past: now. */
    ...when.shape,
  })
  .refine(({ at, afterMs }) => at === undefined || afterMs === undefined, "`at` and `afterMs` exclude each other");
export type Message = z.infer<typeof message>;

/**
 * `POST …/send` answers the row's key in the inbox and the offset behind it. It means: it will run. With `dueAt` the
 * message waits (`delayed` row of the same key, which the offset is behind).
 */
export const sendResult = z.object({
  key: z.string(),
  offset: z.string(),
  duplicate: z.boolean(),
  dueAt: z.number().optional(),
});
export type SendResult = z.infer<typeof sendResult>;

/**
 * `PATCH /{type}/{id}/inbox/{key}` → `{key, offset}`: changes a message that is queued or delayed. `before` and `after`
 * name another queued message; `at` and `afterMs` are for delayed ones. `DELETE` takes the message back (204). Too late
 * (it is being handled, or was): 409 `conflict`. In the log: an `update` of the row; a `delete`; to reorder, a `delete`
 * and an `insert` of each message that moves, so that the order is still the log's.
 */
export const inboxEdit = z
  .object({
    payload: z.unknown().optional(),
    type: z.string().max(128).optional(),
    before: z.string().optional(),
    after: z.string().optional(),
    ...when.shape,
  })
  .refine((edit) => Object.values(edit).some((value) => value !== undefined), "changes nothing")
  .refine(({ before, after }) => before === undefined || after === undefined, "`before` and `after` exclude each other")
  .refine(({ at, afterMs }) => at === undefined || afterMs === undefined, "`at` and `afterMs` exclude each other");
export type InboxEdit = z.infer<typeof inboxEdit>;
export const inboxEditResult = z.object({ key: z.string(), offset: z.string(), dueAt: z.number().optional() });
export type InboxEditResult = z.infer<typeof inboxEditResult>;

/** Who is woken when the new entity's runs finish, and whether the wake carries the response. */
export const spawnWake = z.object({
  subscriber: z.string(),
  on: z.literal("runFinished"),
  includeResponse: z.boolean().default(true),
});

/** `PUT /{type}/{id}`: idempotent for the same type, id and args. */
export const spawnRequest = z.object({
  args: z.unknown().optional(),
  tags: tags.optional(),
  parent: z.string().optional(),
  initialMessage: message.optional(),
  wake: spawnWake.optional(),
  /** Instead of the type's. */
  dispatch: dispatchPolicy.optional(),
});
export type SpawnRequest = z.input<typeof spawnRequest>;

export const signalName = z.enum(["interrupt", "stop", "pause", "continue", "kill"]);
export type SignalName = z.infer<typeof signalName>;
export const signalRequest = z.object({ signal: signalName, reason: z.string().max(1000).optional() });

const jsonSchema = z.record(z.string(), z.unknown());

/** `POST /_skein/entity-types`. Schemas are JSON Schema (draft 2020-12) objects. */
export const entityTypeRegistration = z.object({
  name: z.string().regex(ENTITY_TYPE),
  description: z.string().min(1).max(2000),
  creationSchema: jsonSchema.optional(),
  inboxSchemas: z.record(z.string(), jsonSchema).optional(),
  stateSchemas: z.record(z.string(), jsonSchema).optional(),
  /** The runner is asked before an entity of this type is made; it may refuse with a clear error. */
  admission: z.boolean().default(false),
  /** For entities that are spawned without one of their own. */
  dispatch: dispatchPolicy.optional(),
  /** With `admission`: an entity that says nothing else is pinned to the runner that admitted it, and this is its `whenGone`. */
  binds: z.enum(["wait", "move"]).optional(),
  /** How entities of this type are forked. Absent: they are not. */
  fork: forkDeclaration.optional(),
});
export type EntityTypeRegistration = z.input<typeof entityTypeRegistration>;

/**
 * `PATCH /_skein/entity-types/{name}` → type: adds message and state schemas, or says another description. A schema
 * that is there is not replaced (`schema_key_exists`), and nothing else can be amended.
 */
export const entityTypeAmendment = z.strictObject({
  description: z.string().min(1).max(2000).optional(),
  inboxSchemas: z.record(z.string(), jsonSchema).optional(),
  stateSchemas: z.record(z.string(), jsonSchema).optional(),
});
export type EntityTypeAmendment = z.infer<typeof entityTypeAmendment>;

/** `PATCH /{type}/{id}` → entity: lets others work on it, when the runner it was pinned to is gone for good. */
export const entityAmendment = z.strictObject({ dispatch: dispatchPolicy.nullable() });
export type EntityAmendment = z.infer<typeof entityAmendment>;

export const entityType = entityTypeRegistration.extend({
  revision: z.number(),
  createdAt: z.number(),
  updatedAt: z.number(),
});
export type EntityType = z.infer<typeof entityType>;

export const entityRef = z.object({ type: z.string().regex(ENTITY_TYPE), id: z.string().regex(ENTITY_ID) });

/** The built-in collections of an entity's main stream: event type and, in comments, the row's key. */
export const ENTITY_EVENTS = {
  created: "entity_created", // "created"
  ended: "entity_ended", // "ended": { status, reason? }
  inbox: "inbox", // the message's key
  delayed: "delayed", // the message's key
  signal: "signal", // the signal's key
  run: "run", // "{generation}-{n}"
  runText: "run_text", // "{run}:{n}": { runId, text }
  wake: "wake", // the wake's key
  manifest: "manifest", // "shared-state:{id}", "child:{url}", "observe:{…}"
  tag: "tag", // the tag's name
  error: "error",
} as const;

/** A row of the inbox. `from` is stamped by the server. */
export const inboxRow = z.looseObject({
  key: z.string(),
  from: z.string(),
  payload: z.unknown(),
  type: z.string().optional(),
  receivedAt: z.number(),
  /** The message's own, so that its sender finds its row by id. */
  idempotencyKey: z.string().optional(),
  /** Who changed it while it was queued, and when. */
  editedBy: z.string().optional(),
  editedAt: z.number().optional(),
});
export type InboxRow = z.infer<typeof inboxRow>;

export const signalRow = z.looseObject({
  key: z.string(),
  signal: signalName,
  from: z.string(),
  reason: z.string().optional(),
  receivedAt: z.number(),
});
export type SignalRow = z.infer<typeof signalRow>;

export const runRow = z.looseObject({
  key: z.string(),
  status: z.enum(["started", "completed", "failed"]),
  finishReason: z.string().optional(),
  error: z.string().optional(),
  startedAt: z.number(),
  endedAt: z.number().optional(),
});
export type RunRow = z.infer<typeof runRow>;
