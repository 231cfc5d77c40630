import { SkeinError } from "@skein/protocol";
import { turnEndKey } from "@skein/sessions";
import type { Clock } from "../clock.ts";
import type { CoderPass } from "./state.ts";

/**
 * The driver lease of the session: nothing is written, run or closed without it. Whoever finds another driving says so
 * and ends its pass; what is queued stays queued, and the server offers it again when the other has ended.
 */
export async function takeLease(pass: CoderPass, { clock }: { readonly clock: Clock }): Promise<"driving" | "waiting"> {
  const { ctx, session } = pass;
  const status = ctx.state.runStatus.get("current");
  try {
    await session.drive();
  } catch (error) {
    const driver = driverIn(error);
    if (driver === undefined) throw error;
    ctx.log("info", `${driver} drives the session: this coder waits until it has ended.`);
    if (status !== undefined && status.waitsFor !== driver) {
      ctx.state.runStatus.upsert({ ...status, waitsFor: driver, since: clock.now() });
      await ctx.flush();
    }
    return "waiting";
  }
  if (status?.waitsFor !== undefined) {
    const { waitsFor: _, ...rest } = status;
    ctx.state.runStatus.upsert(rest);
  }
  return "driving";
}

function driverIn(error: unknown): string | undefined {
  if (!(error instanceof SkeinError) || error.code !== "session_in_use") return undefined;
  const { driver } = (error.details ?? {}) as { driver?: unknown };
  return typeof driver === "string" ? driver : undefined;
}

/** Whether others drive the session too: then a coder that has nothing to do leaves it alone. */
export function isShared(pass: CoderPass): boolean {
  return pass.ctx.args.resource !== undefined || takeoversOf(pass) > 0;
}

/** Its status says that a turn runs, which the history does not: what a crash cut off and nobody has closed. */
export function hasOpenTurn({ ctx, session }: CoderPass): boolean {
  const { status, promptRow } = ctx.state.runStatus.get("current") ?? {};
  if (status !== "running" && status !== "waiting") return false;
  return promptRow === undefined || !session.collections.transcript.has(turnEndKey(promptRow));
}

/** How often the session's driver has changed until now: read from the rows that the server writes then. */
export function takeoversOf({ ctx, session, sessionId }: CoderPass): number {
  const { transcript } = session.collections;
  let count = ctx.state.synced.get("current")?.takeovers ?? 0;
  while (transcript.has(`takeover:${sessionId}:${String(count + 1)}`)) count += 1;
  return count;
}

/** Whether the session has what this coder's agent has not seen: others drove it, or did before it joined. */
export function isBehind(pass: CoderPass): boolean {
  const { ctx, session } = pass;
  const known = ctx.state.synced.get("current");
  if (known === undefined && ctx.args.resource !== undefined) return session.collections.transcript.size > 0;
  return takeoversOf(pass) > (known?.takeovers ?? 0);
}
