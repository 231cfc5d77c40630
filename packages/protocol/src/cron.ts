import { Cron } from "croner";
import { z } from "zod";

/** Cron schedules: which times they mean. Pure; apart from the rest so that clients without schedules do not load it. */

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
      // Time zones are looked at only when a time is asked for.
      parse(schedule).nextRun(new Date(0));
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      context.addIssue({ code: "custom", message: `is not a schedule: ${reason}` });
    }
  });
export type CronSchedule = z.output<typeof cronSchedule>;

function parse({ expression, timeZone }: CronSchedule): Cron {
  return new Cron(expression, { timezone: timeZone, paused: true });
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
