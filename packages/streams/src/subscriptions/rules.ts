/**
 * The one dispatch machine: who has the right to work on something, and when it is offered to the next. A unit of
 * dispatch is an entity (the server's wakes), a subscription, or one stream of a subscription; all follow these rules.
 *
 *     idle ──work──▶ ready ──claim──▶ claimed ──release──▶ idle, or ready when work is left
 *
 * Each claim raises the generation, which fences what an older claim still says. `claimableAt` is the only thing that
 * makes a unit claimable (a time in the past): when it became ready, or when the lease of its claim ends, so that an
 * expired claim needs no janitor. Times are the store's clock. Pure; nothing here knows where units are kept.
 */
export interface Lease {
  /** sha256 of the claim's secret; the secret itself is not kept. */
  readonly hash: string;
  readonly leaseUntil: number;
  /** Who has it, for people and for giving back what an earlier process of the same name held. */
  readonly holder: string;
}

export interface Dispatch {
  readonly state: "idle" | "ready" | "claimed";
  readonly generation: number;
  /** Claims since work was last acknowledged: slows down a unit whose handler never gets on. */
  readonly attempts: number;
  readonly claimableAt?: number;
  /** Held units are never due; what comes waits. */
  readonly held?: "paused" | "stopped";
  readonly claim?: Lease;
}

export interface Backoff {
  readonly baseMs: number;
  readonly maxMs: number;
  /** So many attempts cost no delay. */
  readonly free: number;
}

/** Handlers that give back their claim without an acknowledgement: at once the first time, then up to half a minute. */
export const HANDLER_BACKOFF: Backoff = { baseMs: 200, maxMs: 30_000, free: 1 };
/** Webhooks that fail, and wakes that nobody claims. */
export const OFFER_BACKOFF: Backoff = { baseMs: 1000, maxMs: 60_000, free: 0 };

export const IDLE: Dispatch = { state: "idle", generation: 0, attempts: 0 };

export function delayAfter(attempts: number, { baseMs, maxMs, free }: Backoff): number {
  const paid = attempts - free;
  return paid <= 0 ? 0 : Math.min(baseMs * 2 ** Math.min(paid - 1, 30), maxMs);
}

/** Ready from a time on, or, while it is held, ready for when it is let go. */
export function readied(unit: Dispatch, claimableAt: number): Dispatch {
  const { claim: _, claimableAt: _at, ...rest } = unit;
  return { ...rest, state: "ready", ...(unit.held === undefined && { claimableAt }) };
}

/** Whether the unit may be claimed now. */
export function isDue(unit: Dispatch, now: number): boolean {
  return unit.claimableAt !== undefined && unit.claimableAt <= now;
}

export function claimed(unit: Dispatch, claim: Lease): Dispatch {
  const generation = unit.generation + 1;
  return { ...unit, state: "claimed", generation, attempts: unit.attempts + 1, claimableAt: claim.leaseUntil, claim };
}

export function renewed(unit: Dispatch, leaseUntil: number): Dispatch {
  if (!unit.claim) return unit;
  const { claimableAt: _, ...rest } = unit;
  const claim = { ...unit.claim, leaseUntil };
  return { ...rest, claim, ...(unit.held === undefined && { claimableAt: leaseUntil }) };
}

/** Something was acknowledged: the handler gets on. */
export function progressed(unit: Dispatch): Dispatch {
  return unit.attempts === 0 ? unit : { ...unit, attempts: 0 };
}

/** After a claim's end: ready when work is left, and slower each time when nothing was acknowledged. */
export function released(unit: Dispatch, more: boolean, now: number, backoff = HANDLER_BACKOFF): Dispatch {
  const { claim: _, claimableAt: _at, ...rest } = unit;
  if (!more) return { ...rest, state: "idle" };
  return readied(unit, now + delayAfter(unit.attempts, backoff));
}

export interface ClaimRef {
  readonly hash: string;
  readonly generation: number;
}

/** Whether a claim holds, or how it was lost. */
export type ClaimJudgement = "holds" | "over" | "another-secret" | "expired";

/** The one judgement. A lease that ran out is not revived, even if nobody else has claimed. */
export function judgeClaim(unit: Dispatch | undefined, ref: ClaimRef, now: number): ClaimJudgement {
  if (unit?.state !== "claimed" || !unit.claim || unit.generation !== ref.generation) return "over";
  if (unit.claim.hash !== ref.hash) return "another-secret";
  return unit.claim.leaseUntil <= now ? "expired" : "holds";
}
