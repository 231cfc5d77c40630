import type { Clock } from "../clock.ts";
import type { DriverEvent } from "../driver.ts";
import type { Timing } from "./timing.ts";
import { createWatchdog } from "./watchdog.ts";
import type { Watchdog } from "./watchdog.ts";

/** A turn, as far as its silence matters. */
export interface WatchedTurn {
  readonly promptId: string;
  readonly openCalls: ReadonlySet<string>;
  isWaiting(): boolean;
}

/** Tells viewers of an agent's silence, and gives the turn up when it lasts. */
export function watchTurn(
  turn: WatchedTurn,
  deps: {
    readonly clock: Clock;
    readonly timing: Timing;
    /** The agent's name, for people. */
    readonly name: string;
    readonly emit: (event: DriverEvent) => void;
    readonly giveUp: (message: string) => void;
  },
): Watchdog {
  const { clock, timing, name } = deps;
  return createWatchdog({
    clock,
    noticeMs: timing.stallNoticeMs,
    abortMs: timing.stallAbortMs,
    isExcused: () => turn.isWaiting() || turn.openCalls.size > 0,
    onNotice: (silentMs) => {
      const text = `Nothing came from ${name} for ${String(Math.round(silentMs / 1000))} s.`;
      const payload = { v: 1, type: "notice", kind: "stall", text } as const;
      const ts = clock.now();
      const row = { key: `${turn.promptId}:stall:${String(ts)}`, ts, type: payload.type, payload };
      deps.emit({ kind: "row", row });
      deps.emit({ kind: "stalled", since: ts - silentMs });
    },
    onAbort: () => deps.giveUp(`${name} stopped answering.`),
  });
}
