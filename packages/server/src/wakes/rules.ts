import { SkeinError } from "@skein/protocol";
import type { WakeRecord } from "../records/collections.ts";
import type { Draft } from "../records/draft.ts";

/** Every activation follows from what is in the wake's record and the main stream: see docs/spec/wakes.md. */

export const CLAIM_PRODUCER = "claim";
const RETRY_BASE_MS = 200;
const RETRY_MAX_MS = 30_000;

export function newWake(entity: string, type: string, now: number): WakeRecord {
  return { entity, type, state: "ready", generation: 0, acked: 0, attempts: 0, claimableAt: now };
}

/**
 * New input. An idle entity becomes ready. One that is ready or claimed will see the input anyway, so its record is
 * only checked, and any number of senders pass at once; the check is what makes a claim that ends at the same moment
 * look again.
 */
export function markReady(draft: Draft, url: string, now: number): void {
  const wake = draft.read("wakes", url);
  if (!wake) throw new Error(`${url} lives and has no wake record.`);
  if (wake.state !== "idle") return draft.check("wakes", url);
  draft.write("wakes", url, readied(wake, now));
}

/** Ready now, or, while it is held, ready for when it is let go. */
export function readied(wake: WakeRecord, claimableAt: number): WakeRecord {
  const { claim: _, claimableAt: _a, ...rest } = wake;
  return { ...rest, state: "ready", ...(wake.held === undefined && { claimableAt }) };
}

/** Whether the entity may be claimed now. */
export function isDue(wake: WakeRecord, now: number): boolean {
  return wake.claimableAt !== undefined && wake.claimableAt <= now;
}

export function claimed(wake: WakeRecord, claim: { hash: string; runner: string; leaseUntil: number }): WakeRecord {
  return {
    ...wake,
    state: "claimed",
    generation: wake.generation + 1,
    attempts: wake.attempts + 1,
    claimableAt: claim.leaseUntil,
    claim,
  };
}

export function renewed(wake: WakeRecord, leaseUntil: number): WakeRecord {
  if (!wake.claim) return wake;
  const { claimableAt: _, ...rest } = wake;
  return {
    ...rest,
    claim: { ...wake.claim, leaseUntil },
    ...(wake.held === undefined && { claimableAt: leaseUntil }),
  };
}

export function acknowledged(wake: WakeRecord, position: number): WakeRecord {
  return position > wake.acked ? { ...wake, acked: position, attempts: 0 } : wake;
}

/** After a claim's end: ready when input is waiting, and slower each time when nothing was acknowledged. */
export function released(wake: WakeRecord, more: boolean, now: number): WakeRecord {
  const { claim: _, claimableAt: _a, ...rest } = wake;
  if (!more) return { ...rest, state: "idle" };
  const exponent = Math.min(wake.attempts - 2, 16);
  const delay = wake.attempts > 1 ? Math.min(RETRY_BASE_MS * 2 ** exponent, RETRY_MAX_MS) : 0;
  return readied(wake, now + delay);
}

export interface ClaimRef {
  readonly hash: string;
  readonly generation: number;
}

/** The one judgement of whether a claim holds. A lease that ran out is not revived, even if nobody else claimed. */
export function checkClaim(wake: WakeRecord | undefined, ref: ClaimRef, now: number): SkeinError | undefined {
  const lost = (why: string): SkeinError => new SkeinError("fenced", `This claim no longer holds: ${why}.`);
  if (!wake) return lost("the entity has ended");
  if (wake.generation !== ref.generation || wake.state !== "claimed" || !wake.claim)
    return lost("it was ended or taken over");
  if (wake.claim.hash !== ref.hash) return lost("its secret is another");
  if (wake.claim.leaseUntil <= now) return lost("its lease ran out");
  return undefined;
}
