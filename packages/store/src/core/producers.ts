import type { ProducerStamp, Rejection } from "../store.ts";
import type { ProducerRow } from "./rows.ts";

/**
 * The rules of the Durable Streams protocol: sequences count from 0 in each epoch without gaps; a higher epoch fences
 * all lower ones; what was applied before is a duplicate.
 */
export function isFenced(known: ProducerRow | undefined, stamp: ProducerStamp): known is ProducerRow {
  return known !== undefined && stamp.epoch < known.epoch;
}

export function isDuplicate(known: ProducerRow | undefined, stamp: ProducerStamp): known is ProducerRow {
  return known !== undefined && stamp.epoch === known.epoch && stamp.seq <= known.seq;
}

/** Why a stamp that is neither fenced nor a duplicate is refused; `undefined` when it is the next one. */
export function refuseSequence(known: ProducerRow | undefined, stamp: ProducerStamp): Rejection | undefined {
  if (known && stamp.epoch > known.epoch)
    return stamp.seq === 0 ? undefined : { kind: "producer-epoch-start", received: stamp.seq };
  const expected = known ? known.seq + 1 : 0;
  return stamp.seq === expected ? undefined : { kind: "producer-gap", expected, received: stamp.seq };
}
