import type { Entity } from "@skein/protocol";
import { coderArgs } from "@skein/sessions";
import type { Clock } from "../clock.ts";
import type { DriverPool } from "./drivers.ts";
import { slotOf } from "./state.ts";

/**
 * Ends the agents that are kept warm for coders which have ended: an idle coder's handler does not run, so nobody
 * tells it. Answers with what stops it.
 */
export function sweepIdle(deps: {
  readonly clock: Clock;
  readonly drivers: DriverPool;
  readonly listCoders: () => Promise<readonly Pick<Entity, "id" | "args" | "status">[]>;
  readonly everyMs?: number;
}): () => void {
  const { clock, drivers, everyMs = 30_000 } = deps;
  let cancel = (): void => {};
  let stopped = false;

  async function sweep(): Promise<void> {
    if (drivers.idle().length > 0) {
      const alive = new Set((await deps.listCoders()).flatMap(sessionOf));
      await Promise.all(drivers.idle().flatMap((session) => (alive.has(session) ? [] : [drivers.drop(session)])));
    }
  }

  function schedule(): void {
    if (stopped) return;
    // A server that cannot be reached is asked again the next time.
    const again = (): void => void sweep().then(schedule, schedule);
    cancel = clock.after(everyMs, again);
  }

  schedule();
  return () => {
    stopped = true;
    cancel();
  };
}

function sessionOf({ id, args, status }: Pick<Entity, "id" | "args" | "status">): string[] {
  if (status === "killed" || status === "stopped") return [];
  const parsed = coderArgs.safeParse(args ?? {});
  return [parsed.success ? slotOf({ id, args: parsed.data }) : id];
}
