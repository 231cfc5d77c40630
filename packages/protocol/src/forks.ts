import { z } from "zod";

/**
 * Forks: a new entity that begins with what another one has so far, and goes its own way.
 */

/**
 * What a type says of how its entities are forked; a type without it cannot be forked. Everything is by reference:
 * resources that the entity made are forked with it, and where its arguments and tags name one of them, the fork's
 * name its own.
 */
export const forkDeclaration = z.strictObject({
  /** Arguments that a fork does not take over: what they brought about is in the history. */
  omitArgs: z.array(z.string().min(1).max(128)).max(50).default([]),
  omitTags: z.array(z.string().min(1).max(128)).max(50).default([]),
});
export type ForkDeclaration = z.infer<typeof forkDeclaration>;

/** `offset`: behind the last message of the origin's resource that the fork begins with. `row`: that one's key. */
export const forkedFrom = z.object({
  entity: z.string(),
  resource: z.string().optional(),
  offset: z.string().optional(),
  row: z.string().optional(),
});
export type ForkedFrom = z.infer<typeof forkedFrom>;

/** A session's origin, as the list shows it. */
export const sessionOrigin = z.object({
  session: z.string(),
  coder: z.string(),
  offset: z.string(),
  row: z.string().optional(),
});
export type SessionOrigin = z.infer<typeof sessionOrigin>;

/** A session that was forked from this one. */
export const sessionFork = z.object({
  session: z.string(),
  coder: z.string(),
  agent: z.string().optional(),
  offset: z.string(),
  row: z.string().optional(),
  createdAt: z.number(),
});
export type SessionFork = z.infer<typeof sessionFork>;
