import { z } from "zod";
import { changeEvent } from "./change-event.ts";
import { dispatchPolicy, entity, entityTypeRegistration, message, tags } from "./entities.ts";
import { ERROR_CODES } from "./errors.ts";

/**
 * How runners get their work: they register, poll for claims and calls, and write through their claim.
 * A claim's generation is the producer epoch of everything written under it, so a fenced runner's writes are refused.
 */

/**
 * What a runner says of itself, for entities that need it (`dispatch.labels`): one word, or several that all hold, like
 * `{ machine: "mini", agent: ["claude", "codex"] }`.
 */
export const runnerLabels = z.record(
  z.string().min(1).max(64),
  z.union([z.string().max(256), z.array(z.string().max(256)).max(100)]),
);
export type RunnerLabels = z.infer<typeof runnerLabels>;

/** `PUT /_skein/runners/{id}`: made again at every start; the types it names are registered with it. */
export const runnerRegistration = z.object({
  types: z.array(entityTypeRegistration),
  machine: z.string().max(256).optional(),
  labels: runnerLabels.optional(),
});
export type RunnerRegistration = z.input<typeof runnerRegistration>;

export const runnerInfo = z.object({
  id: z.string(),
  types: z.array(z.string()),
  machine: z.string().optional(),
  labels: runnerLabels.optional(),
  /** Heard of lately, and not stopped. */
  online: z.boolean(),
  lastSeenAt: z.number(),
});
export type RunnerInfo = z.infer<typeof runnerInfo>;

/** `POST /_skein/runners/{id}/poll`: 200 with work, 204 when `waitMs` passed without any. */
export const pollRequest = z.object({
  waitMs: z.number().int().min(0).max(60_000),
  /** False while the runner drains or is full: only calls are given. */
  acceptClaims: z.boolean().default(true),
});
export type PollRequest = z.input<typeof pollRequest>;

export const claim = z.object({
  kind: z.literal("claim"),
  entity,
  /** Secret of this claim; every later request under it carries it. */
  claimId: z.string(),
  generation: z.number().int(),
  leaseMs: z.number(),
  /** Where the entity's unread input begins (wire offset on its main stream). */
  from: z.string(),
});
export type Claim = z.infer<typeof claim>;

export const call = z.object({ kind: z.literal("call"), callId: z.string(), method: z.string(), params: z.unknown() });
export type Call = z.infer<typeof call>;

export const work = z.discriminatedUnion("kind", [claim, call]);
export type Work = z.infer<typeof work>;

/** `POST /_skein/runners/{id}/calls` by anybody, relayed to the runner; the answer is the result or its error. */
export const callRequest = z.object({
  method: z.string().min(1).max(128),
  params: z.unknown().optional(),
  timeoutMs: z.number().int().min(1).max(60_000).default(15_000),
});
export type CallRequest = z.input<typeof callRequest>;
/** `POST /_skein/runners/{id}/calls/{callId}` by the runner. */
export const callResult = z.union([
  z.object({ result: z.unknown() }),
  z.object({ error: z.object({ code: z.string(), message: z.string(), details: z.unknown().optional() }) }),
]);
export type CallResult = z.infer<typeof callResult>;

const claimRef = { claimId: z.string(), generation: z.number().int() };

/** `POST /{type}/{id}/claim/heartbeat` → `{ leaseMs }`, or 409 `fenced`. */
export const heartbeatRequest = z.object(claimRef);

/**
 * `POST /{type}/{id}/claim/commit`: everything in it takes effect together, once per `seq`
 * (the first of a claim is 1, then one more each time; a repeated `seq` is answered again and not applied again).
 */
export const claimCommit = z.object({
  ...claimRef,
  seq: z.number().int().min(1),
  writes: z
    .array(
      z.object({
        /** The entity's own main stream, or a resource it declared in its manifest (in this commit or before). */
        stream: z.string(),
        /** Make the stream if it is not there yet; existing rows are kept. */
        create: z.boolean().optional(),
        events: z.array(changeEvent),
      }),
    )
    .default([]),
  tags: z.object({ set: tags.optional(), remove: z.array(z.string()).optional() }).optional(),
  sends: z.array(z.object({ to: z.string(), message })).default([]),
  spawns: z
    .array(
      z.object({
        type: z.string(),
        id: z.string(),
        args: z.unknown().optional(),
        tags: tags.optional(),
        initialMessage: message.optional(),
        wake: z.boolean().optional(),
        dispatch: dispatchPolicy.optional(),
      }),
    )
    .default([]),
  /**
   * Messages from this wire offset on are not being handled yet: others may edit, reorder or take them back. Without
   * it (from a claim on) none of what is there may be changed. `seen` is up to where the handler has read its stream;
   * when a message in front of `below` was edited behind it the commit is refused with `conflict`: read on, try again.
   */
  taken: z.object({ below: z.string(), seen: z.string() }).optional(),
  /** Input up to this wire offset of the main stream has been dealt with. */
  ack: z.string().optional(),
  /** Release the claim. The entity is offered again at once if newer input is there. */
  done: z.boolean().default(false),
});
export type ClaimCommit = z.input<typeof claimCommit>;

/** `tails` has the wire offset behind each written stream; `duplicate` says the seq had been applied before. */
export const claimCommitResult = z.object({
  tails: z.record(z.string(), z.string()),
  duplicate: z.boolean(),
  /** Only with `done`: whether more input was waiting. */
  more: z.boolean().optional(),
  /** Sends and spawns that could not be carried out. The rest took effect; each is an `error` row of the stream too. */
  refused: z
    .array(
      z.object({ kind: z.enum(["send", "spawn"]), to: z.string(), code: z.enum(ERROR_CODES), message: z.string() }),
    )
    .optional(),
});
export type ClaimCommitResult = z.infer<typeof claimCommitResult>;

/**
 * `POST /{type}/{id}/claim/live`: appends to an ephemeral sibling of a declared resource (`{resource}/live`), which is
 * made on first use. Not synced, not idempotent, gone after a while: for deltas that a later durable row replaces.
 */
export const claimLive = z.object({ ...claimRef, stream: z.string(), events: z.array(changeEvent).min(1) });
export type ClaimLive = z.infer<typeof claimLive>;
