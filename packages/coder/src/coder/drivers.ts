import type { Clock } from "../clock.ts";
import type { AgentDriver } from "../driver.ts";

/** The drivers that are kept warm between prompts, one per session, until they have been idle for a while. */
export interface DriverPool {
  /**
   * The session's driver, made if it is not there. It stays until it is given back. One that is still out belongs to a
   * pass that lost its claim, and one that was made otherwise does not do: they are ended first. `as` says how it is to
   * be made.
   */
  take(sessionId: string, make: () => AgentDriver, as?: string): Promise<AgentDriver>;
  /** The session's driver took a change over: it is as if it had been made so. */
  changed(sessionId: string, as: string): void;
  giveBack(sessionId: string): void;
  /** Ends the session's driver and what it started. */
  drop(sessionId: string): Promise<void>;
  /** The sessions whose drivers are kept and not used. */
  idle(): readonly string[];
  close(): Promise<void>;
}

type Entry =
  | { readonly kind: "busy"; readonly driver: AgentDriver; readonly as: string }
  | { readonly kind: "idle"; readonly driver: AgentDriver; readonly as: string; readonly cancel: () => void };

export function createDriverPool(deps: { readonly clock: Clock; readonly idleMs: number }): DriverPool {
  const entries = new Map<string, Entry>();

  async function drop(sessionId: string): Promise<void> {
    const entry = entries.get(sessionId);
    entries.delete(sessionId);
    if (entry?.kind === "idle") entry.cancel();
    await entry?.driver.close();
  }

  return {
    async take(sessionId, make, as = "") {
      const before = entries.get(sessionId);
      if (before?.kind === "busy" || (before !== undefined && before.as !== as)) await drop(sessionId);
      const known = entries.get(sessionId);
      if (known?.kind === "idle") known.cancel();
      const driver = known?.driver ?? make();
      entries.set(sessionId, { kind: "busy", driver, as });
      return driver;
    },
    changed(sessionId, as) {
      const entry = entries.get(sessionId);
      if (entry !== undefined) entries.set(sessionId, { ...entry, as });
    },
    giveBack(sessionId) {
      const entry = entries.get(sessionId);
      if (entry?.kind !== "busy") return;
      // What could not be ended is found by its marker and ended with the next start of the session, or of the runner.
      const cancel = deps.clock.after(deps.idleMs, () => void drop(sessionId).catch(() => undefined));
      entries.set(sessionId, { ...entry, kind: "idle", cancel });
    },
    drop,
    idle: () => [...entries].flatMap(([sessionId, { kind }]) => (kind === "idle" ? [sessionId] : [])),
    async close() {
      await Promise.all([...entries.keys()].map(drop));
    },
  };
}
