import type { AckRequest, AckResult, ClaimResult } from "./claims.ts";
import type { Outcome } from "./errors.ts";

/**
 * Units of dispatch that somebody else keeps: the server's entities. Each is a subscription of its own, by the same
 * rules and in the same words; a subscription to an entity type only says how their wakes are told.
 */
export interface EntityUnits {
  /** How the entity stands whose inbox is at `path`. */
  look(path: string): Promise<EntityStanding>;
  /** The inboxes of the entities of a type that are not idle, page by page. */
  waiting(type: string): AsyncIterable<readonly string[]>;
  /** Takes its claim, for a webhook. */
  claim(path: string, order: { readonly worker: string; readonly leaseMs: number }): Promise<Outcome<EntityClaim>>;
  /** Of the subscription that stands for one entity. */
  ack(id: string, token: string, request: AckRequest): Promise<Outcome<AckResult>>;
  release(id: string, token: string, request: AckRequest): Promise<Outcome<undefined>>;
}

export type EntityStanding =
  /** Nothing to do, held, or gone. */
  | { readonly kind: "idle" }
  | { readonly kind: "ready"; readonly at: number; readonly offer: EntityOffer }
  | { readonly kind: "claimed"; readonly until: number };

/** What a claim would be. */
export interface EntityOffer {
  /** The subscription that stands for the entity. */
  readonly id: string;
  readonly generation: number;
  readonly wakeId: string;
}

export interface EntityClaim extends ClaimResult {
  /** Of the subscription that stands for this entity. */
  readonly subscription_id: string;
  readonly entity: unknown;
}
