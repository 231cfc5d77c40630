import { z } from "zod";
import { ENTITY_ID, ENTITY_TYPE } from "./paths.ts";

/**
 * Entities as the directory shows them, and the messages that make and drive them.
 */
export const entityStatus = z.enum(["idle", "running", "paused", "stopped", "killed"]);
export type EntityStatus = z.infer<typeof entityStatus>;

export const tags = z.record(z.string().min(1).max(128), z.string().max(4096));
export type Tags = z.infer<typeof tags>;

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
});
export type Entity = z.infer<typeof entity>;

/** `GET /_skein/entities`. `next` is passed as `after`; `offset` is where to follow the directory stream from. */
export const entityPage = z.object({ entities: z.array(entity), next: z.string().optional(), offset: z.string() });
export type EntityPage = z.infer<typeof entityPage>;

/** The body of a send, and a spawn's first message. `type` picks the inbox schema; untyped messages are not checked. */
export const message = z.object({
  payload: z.unknown(),
  type: z.string().max(128).optional(),
  /** Seen before: the message is not queued again and the first answer is given. */
  idempotencyKey: z.string().min(1).max(256).optional(),
});
export type Message = z.infer<typeof message>;

/** `POST …/send` answers the row's key in the inbox and the offset behind it. It means: it will run. */
export const sendResult = z.object({ key: z.string(), offset: z.string(), duplicate: z.boolean() });
export type SendResult = z.infer<typeof sendResult>;

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
});
export type EntityTypeRegistration = z.input<typeof entityTypeRegistration>;
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
  signal: "signal", // the signal's key
  run: "run", // "{generation}-{n}"
  runText: "run_text", // "{run}:{n}": { runId, text }
  wake: "wake", // the wake's key
  manifest: "manifest", // "shared-state:{id}", "child:{url}"
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

/** What happened elsewhere: appended to the subscriber's main stream. */
export const wakeRow = z.looseObject({
  key: z.string(),
  source: z.string(),
  reason: z.literal("runFinished"),
  run: z.object({
    key: z.string(),
    status: z.enum(["completed", "failed"]),
    response: z.string().optional(),
    error: z.string().optional(),
  }),
});
export type WakeRow = z.infer<typeof wakeRow>;

/** A durable declaration of a handler: what the next wake re-establishes. */
export const manifestRow = z.discriminatedUnion("kind", [
  z.looseObject({
    kind: z.literal("shared-state"),
    key: z.string(),
    id: z.string(),
    mode: z.enum(["create", "connect"]),
  }),
  z.looseObject({ kind: z.literal("child"), key: z.string(), url: z.string() }),
]);
export type ManifestRow = z.infer<typeof manifestRow>;
