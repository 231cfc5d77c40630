import type { Clock } from "../clock.ts";
import { ownerPrefix, sessionMarker } from "./marker.ts";
import type { ProcessTable } from "./process-table.ts";
import { killProcess, reap } from "./reap.ts";

/** Ends what agents left behind, found by the marker in their environment. */
export interface Reaper {
  /** Everything of a session. */
  endSession(sessionId: string): Promise<void>;
  /**
   * What the agent's commands started since a moment (of `ticks`), without the agent itself and its helpers: commands
   * run in a session (`setsid`) of their own.
   */
  endCommands(sessionId: string, agent: { pid: number; since: number }): Promise<void>;
  /** Everything of every session of this owner: what a crash of ours left. */
  endAll(): Promise<void>;
  ticks(): Promise<number>;
}

export function createReaper(deps: { owner: string; table: ProcessTable; clock: Clock }): Reaper {
  const tools = { table: deps.table, clock: deps.clock, kill: killProcess };
  return {
    async endSession(sessionId) {
      const marker = sessionMarker(deps.owner, sessionId);
      await reap(tools, { accepts: (found) => found === marker });
    },
    async endCommands(sessionId, { pid, since }) {
      const marker = sessionMarker(deps.owner, sessionId);
      await reap(tools, {
        accepts: (found) => found === marker,
        only: (one) => one.pid !== pid && one.session !== pid && one.startedAt >= since,
        graceMs: 200,
      });
    },
    async endAll() {
      const prefix = ownerPrefix(deps.owner);
      await reap(tools, { accepts: (found) => found.startsWith(prefix) });
    },
    ticks: () => deps.table.ticks(),
  };
}
