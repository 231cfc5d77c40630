import { SkeinError } from "@skein/protocol";
import {
  claimed as claimedDispatch,
  judgeClaim,
  progressed,
  readied as readiedDispatch,
  released as releasedDispatch,
  renewed as renewedDispatch,
  type ClaimRef,
  type Dispatch,
  type Lease,
} from "@skein/streams";
import type { WakeRecord } from "../records/collections.ts";
import type { Draft } from "../records/draft.ts";

/**
 * An entity's wake is a unit of the one dispatch machine (`@skein/streams`, docs/design/dispatch.md); what is its own
 * is the acknowledged position of the entity's main stream. Every activation follows from the two.
 */

export const CLAIM_PRODUCER = "claim";

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

export function readied(wake: WakeRecord, claimableAt: number): WakeRecord {
  return withDispatch(wake, readiedDispatch(wake, claimableAt));
}

export function claimed(wake: WakeRecord, claim: Lease): WakeRecord {
  const { waitsFor: _, again: _a, ...rest } = wake;
  return withDispatch(rest, claimedDispatch(wake, claim));
}

export function renewed(wake: WakeRecord, leaseUntil: number): WakeRecord {
  return withDispatch(wake, renewedDispatch(wake, leaseUntil));
}

export function acknowledged(wake: WakeRecord, position: number): WakeRecord {
  return position > wake.acked ? { ...withDispatch(wake, progressed(wake)), acked: position } : wake;
}

export function released(wake: WakeRecord, more: boolean, now: number): WakeRecord {
  return withDispatch(wake, releasedDispatch(wake, more, now));
}

function withDispatch({ entity, type, acked, taken, edited, ...before }: WakeRecord, dispatch: Dispatch): WakeRecord {
  const { waitsFor, waiters, reservedUntil, again } = before;
  const { state, generation, attempts, claimableAt, held, claim } = dispatch;
  // What a handler has said of its messages ends with its claim.
  const same = state === "claimed" && generation === before.generation;
  return {
    entity,
    type,
    acked,
    state,
    generation,
    attempts,
    ...(claimableAt !== undefined && { claimableAt }),
    ...(held !== undefined && { held }),
    ...(claim !== undefined && { claim }),
    ...(same && taken !== undefined && { taken }),
    ...(same && edited !== undefined && { edited }),
    ...(waitsFor !== undefined && { waitsFor }),
    ...(waiters !== undefined && waiters.length > 0 && { waiters }),
    ...(reservedUntil !== undefined && { reservedUntil }),
    ...(again !== undefined && { again }),
  };
}

export { isDue, type ClaimRef } from "@skein/streams";

/** Why a claim does not hold, for its holder. */
export function checkClaim(wake: WakeRecord | undefined, ref: ClaimRef, now: number): SkeinError | undefined {
  const lost = (why: string): SkeinError => new SkeinError("fenced", `This claim no longer holds: ${why}.`);
  if (!wake) return lost("the entity has ended");
  switch (judgeClaim(wake, ref, now)) {
    case "holds":
      return undefined;
    case "over":
      return lost("it was ended or taken over");
    case "another-secret":
      return lost("its secret is another");
    case "expired":
      return lost("its lease ran out");
  }
}
