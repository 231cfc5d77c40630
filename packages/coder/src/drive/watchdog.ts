import type { Clock } from "../clock.ts";

/** Notices silence. `beat` is called at every sign of life; each stage fires once per silence. */
export interface Watchdog {
  beat(): void;
  stop(): void;
}

export interface WatchdogOptions {
  readonly clock: Clock;
  readonly noticeMs: number;
  readonly abortMs: number;
  /** Silence is expected now: a command runs, or a person is asked. */
  readonly isExcused: () => boolean;
  readonly onNotice: (silentMs: number) => void;
  readonly onAbort: (silentMs: number) => void;
}

export function createWatchdog(options: WatchdogOptions): Watchdog {
  let cancel = (): void => {};
  let stopped = false;

  function wait(stage: "notice" | "abort"): void {
    cancel();
    if (stopped) return;
    const ms = stage === "notice" ? options.noticeMs : options.abortMs - options.noticeMs;
    cancel = options.clock.after(ms, () => {
      if (options.isExcused()) wait("notice");
      else if (stage === "notice") {
        options.onNotice(options.noticeMs);
        wait("abort");
      } else options.onAbort(options.abortMs);
    });
  }

  wait("notice");
  return {
    beat: () => wait("notice"),
    stop() {
      stopped = true;
      cancel();
    },
  };
}
