import type { UnitRecord } from "./records.ts";
import type { Dispatch } from "./rules.ts";

/** A unit's record with another dispatch; what belongs to the offer before is given anew or gone. */
export function withDispatch(
  unit: UnitRecord,
  { state, generation, attempts, claimableAt, held, claim }: Dispatch,
  offer: { readonly wakeId?: string; readonly nextAt?: number; readonly offers?: number; readonly failure?: string },
): UnitRecord {
  const wakeId = offer.wakeId ?? unit.wakeId;
  return {
    id: unit.id,
    uid: unit.uid,
    ...(unit.path !== undefined && { path: unit.path }),
    state,
    generation,
    attempts,
    ...(claimableAt !== undefined && { claimableAt }),
    ...(held !== undefined && { held }),
    ...(claim !== undefined && { claim }),
    ...(state !== "idle" && wakeId !== undefined && { wakeId }),
    offers: offer.offers ?? unit.offers,
    ...(offer.nextAt !== undefined && { nextAt: offer.nextAt }),
    ...(offer.failure !== undefined && { failure: offer.failure }),
  };
}
