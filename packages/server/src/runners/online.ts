import type { RunnerRecord } from "../records/collections.ts";

/** Whether a runner was heard of lately, and has not said good-bye. */
export function isOnline(record: RunnerRecord, now: number, timeoutMs: number): boolean {
  return now - record.lastSeenAt < timeoutMs;
}
