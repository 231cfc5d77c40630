import { z } from "zod";

/** Messages and wakes that are due later. Times are milliseconds since 1970, judged by the store's clock. */

const YEARS = 366 * 24 * 60 * 60 * 1000;
/** What is due later than this is refused. */
export const MAX_DELAY_MS = 10 * YEARS;

const time = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);
const delay = z.number().int().min(0).max(MAX_DELAY_MS);

/** When something is due: at a time, or after one that begins when the server takes the request. Not both. */
export const when = z
  .object({ at: time.optional(), afterMs: delay.optional() })
  .refine(({ at, afterMs }) => at === undefined || afterMs === undefined, "`at` and `afterMs` exclude each other");
export type When = z.infer<typeof when>;

/** The time that is meant; `undefined` when it says none. */
export function dueTime({ at, afterMs }: When, now: number): number | undefined {
  return at ?? (afterMs === undefined ? undefined : now + afterMs);
}

/**
 * A message that waits for its time: a row of the receiver's stream (event type `delayed`), deleted by the commit that
 * puts it into the inbox under the same key, or by whoever cancels it (`DELETE …/inbox/{key}`).
 */
export const delayedRow = z.looseObject({
  key: z.string(),
  from: z.string(),
  payload: z.unknown(),
  type: z.string().optional(),
  idempotencyKey: z.string().optional(),
  dueAt: z.number(),
  requestedAt: z.number(),
});
export type DelayedRow = z.infer<typeof delayedRow>;
