import { Cron } from "croner";
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

/** Five fields, six with seconds in front, or a name like `@daily`. `?` (the present) would not be the same twice. */
const FORM = /^(@[a-z]+|[^\s?]+(?:\s+[^\s?]+){4,5})$/i;

/** A cron expression in a time zone (IANA name). Without one: UTC, which is the same on every server. */
export const cronSchedule = z
  .object({
    expression: z.string().max(200).trim().regex(FORM, "is not a cron expression of five or six fields"),
    timeZone: z.string().max(64).default("UTC"),
  })
  .superRefine((schedule, context) => {
    try {
      parse(schedule);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      context.addIssue({ code: "custom", message: `is not a schedule: ${reason}` });
    }
  });
export type CronSchedule = z.output<typeof cronSchedule>;

function parse({ expression, timeZone }: CronSchedule): Cron {
  const cron = new Cron(expression, { timezone: timeZone, paused: true });
  // Time zones are looked at only when a time is asked for.
  cron.nextRun(new Date(0));
  return cron;
}

/** The first tick behind a time; `undefined` when there is none any more. */
export function nextTick(schedule: CronSchedule, after: number): number | undefined {
  return parse(schedule).nextRun(new Date(after))?.getTime();
}

/** More than this many missed ticks are not counted one by one. */
export const MAX_COUNTED_TICKS = 1000;

export interface MissedTicks {
  readonly count: number;
  /** The newest tick that is due. */
  readonly last: number;
  /** The first one in the future. */
  readonly next: number | undefined;
}

/** What is due of a schedule whose next tick was to be `due`: all ticks from it until now, as one. */
export function ticksUntil(schedule: CronSchedule, due: number, now: number): MissedTicks {
  const cron = parse(schedule);
  let last = due;
  let count = 1;
  for (;;) {
    const next = cron.nextRun(new Date(last))?.getTime();
    if (next === undefined || next > now) return { count, last, next };
    if (count >= MAX_COUNTED_TICKS) {
      return { count, last: now, next: cron.nextRun(new Date(now))?.getTime() };
    }
    last = next;
    count += 1;
  }
}
