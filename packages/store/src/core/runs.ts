import type { ReadOutcome, Run, RunsOutcome, StreamMessage } from "../store.ts";

/** Of a run of one message. */
export const NO_LENGTHS = new Uint8Array(0);

export function singleRun(start: number, body: Uint8Array): Run {
  return { start, count: 1, lengths: NO_LENGTHS, body, comma: false };
}

/** The length of each message of a run. */
export function lengthsOf({ count, lengths, body }: Run): (index: number) => number {
  if (count === 1) return () => body.byteLength;
  const view = new DataView(lengths.buffer, lengths.byteOffset, lengths.byteLength);
  return (index) => view.getUint32(index * 4, true);
}

/** Bytes of the messages, without what stands between them. */
export function bytesOf({ count, body }: Run): number {
  return count === 0 ? 0 : body.byteLength - (count - 1);
}

/** The messages one by one, as views of the run's body. */
export function messagesOf(run: Run): Uint8Array[] {
  if (run.count === 1) return [run.body];
  const lengths = lengthsOf(run);
  const messages: Uint8Array[] = [];
  let at = 0;
  for (let index = 0; index < run.count; index++) {
    const end = at + lengths(index);
    messages.push(run.body.subarray(at, end));
    at = end + 1;
  }
  return messages;
}

/** The part of a run that lies in `[low, high)`; `undefined` when nothing of it does. */
export function cutRun(run: Run, low: number, high: number): Run | undefined {
  const from = Math.max(low, run.start) - run.start;
  const to = Math.min(high, run.start + run.count) - run.start;
  if (from >= to) return undefined;
  if (from === 0 && to === run.count) return run;
  const lengthOf = lengthsOf(run);
  let begin = 0;
  for (let index = 0; index < from; index++) begin += lengthOf(index) + 1;
  let end = begin;
  for (let index = from; index < to; index++) end += lengthOf(index) + 1;
  const count = to - from;
  const lengths = count === 1 ? NO_LENGTHS : run.lengths.subarray(from * 4, to * 4);
  const comma = to < run.count || run.comma;
  return { start: run.start + from, count, lengths, body: run.body.subarray(begin, end - 1), comma };
}

/** How many messages fit into `maxBytes`, from the front or from the back. */
export function countFitting(run: Run, maxBytes: number, forward: boolean): number {
  if (bytesOf(run) <= maxBytes) return run.count;
  const lengths = lengthsOf(run);
  let bytes = 0;
  for (let taken = 0; taken < run.count; taken++) {
    bytes += lengths(forward ? taken : run.count - 1 - taken);
    if (bytes > maxBytes) return taken;
  }
  return run.count;
}

/** What was read, one object for each message. */
export function withMessages(outcome: RunsOutcome): ReadOutcome {
  if (outcome.kind !== "read") return outcome;
  const { runs, ...extent } = outcome;
  const messages: StreamMessage[] = [];
  for (const run of runs) {
    let position = run.start;
    for (const body of messagesOf(run)) messages.push({ position: position++, body });
  }
  return { ...extent, messages };
}
