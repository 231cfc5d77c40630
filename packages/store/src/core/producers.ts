import type { ProducerStamp, Rejection, StreamInfo } from "../store.ts";
import type { ProducerRow } from "./rows.ts";

/**
 * The rules of the Durable Streams protocol: sequences count from 0 in each epoch without gaps; a higher epoch fences
 * all lower ones; what was applied before is a duplicate.
 */
export function isDuplicate(known: ProducerRow | undefined, stamp: ProducerStamp): known is ProducerRow {
  return known !== undefined && stamp.epoch === known.epoch && stamp.seq <= known.seq;
}

/** Why a stamp that is no duplicate is refused; `undefined` when it is the next one. */
export function refuseStamp(known: ProducerRow | undefined, stamp: ProducerStamp): Rejection | undefined {
  if (!known) return stamp.seq === 0 ? undefined : { kind: "producer-gap", expected: 0, received: stamp.seq };
  if (stamp.epoch < known.epoch) return { kind: "producer-fenced", epoch: known.epoch };
  if (stamp.epoch > known.epoch)
    return stamp.seq === 0 ? undefined : { kind: "producer-epoch-start", received: stamp.seq };
  const expected = known.seq + 1;
  return stamp.seq === expected ? undefined : { kind: "producer-gap", expected, received: stamp.seq };
}

export function duplicate(known: ProducerRow, stream: StreamInfo): Rejection {
  return { kind: "producer-duplicate", epoch: known.epoch, seq: known.seq, stream };
}
