import type { WakeRow } from "@skein/protocol";
import type { InputEvent, Wake, WakeOf } from "../context.ts";

/** What a pass is given, sorted by what it is. */
export function createWake(events: readonly InputEvent[], firstWake: boolean): Wake {
  const messages = events.flatMap((event) => (event.kind === "message" ? [event.row] : []));
  const wakes = events.flatMap((event) => (event.kind === "wake" ? [event.row] : []));
  const signals = events.flatMap((event) => (event.kind === "signal" ? [event.row] : []));
  return {
    reason: reasonOf({ messages, wakes, signals, firstWake }),
    messages,
    wakes,
    signals,
    events,
    finished: wakes.filter(isOf("runFinished")),
    changes: wakes.filter(isOf("change")),
    ticks: wakes.filter(isOf("cron")),
    timeouts: wakes.filter(isOf("timeout")),
    timers: wakes.filter(isOf("timer")),
  };
}

function isOf<Reason extends WakeRow["reason"]>(reason: Reason): (row: WakeRow) => row is WakeOf<Reason> {
  return (row): row is WakeOf<Reason> => row.reason === reason;
}

function reasonOf(
  input: Pick<Wake, "messages" | "wakes" | "signals"> & { readonly firstWake: boolean },
): Wake["reason"] {
  if (input.messages.length > 0) return "message";
  if (input.wakes.length > 0) return "wake";
  if (input.firstWake) return "spawn";
  return input.signals.length > 0 ? "signal" : "resume";
}
