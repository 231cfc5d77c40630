import type { Clock } from "../clock.ts";
import type { ProcessInfo, ProcessTable } from "./process-table.ts";

/**
 * Ends processes: SIGTERM, a grace, SIGKILL. They are looked up anew before each signal, so that a process id which
 * was given to somebody else in the meantime is left alone, and one that was started in the meantime is not.
 */
export interface ReapDeps {
  readonly table: ProcessTable;
  readonly clock: Clock;
  readonly kill: (pid: number, signal: NodeJS.Signals) => void;
}

export interface ReapOptions {
  readonly accepts: (marker: string) => boolean;
  /** Narrows it further: only these are ended. */
  readonly only?: (process: ProcessInfo) => boolean;
  readonly graceMs?: number;
}

const POLL_MS = 20;
const AFTER_KILL_MS = 2000;

/** The processes that are still there in the end: none, unless the kernel holds one. */
export async function reap(deps: ReapDeps, options: ReapOptions): Promise<readonly ProcessInfo[]> {
  const targets = async (): Promise<readonly ProcessInfo[]> =>
    (await deps.table.find(options.accepts)).filter((one) => options.only?.(one) ?? true);
  const graceMs = options.graceMs ?? 500;
  if ((await signalUntilGone(deps, targets, { signal: "SIGTERM", ms: graceMs })).length === 0) return [];
  return signalUntilGone(deps, targets, { signal: "SIGKILL", ms: AFTER_KILL_MS });
}

async function signalUntilGone(
  { clock, kill }: ReapDeps,
  targets: () => Promise<readonly ProcessInfo[]>,
  { signal, ms }: { signal: NodeJS.Signals; ms: number },
): Promise<readonly ProcessInfo[]> {
  const signalled = new Set<number>();
  const until = clock.now() + ms;
  for (;;) {
    const left = await targets();
    if (left.length === 0) return left;
    for (const { pid } of left.filter((one) => !signalled.has(one.pid))) {
      signalled.add(pid);
      kill(pid, signal);
    }
    if (clock.now() >= until) return left;
    await new Promise<void>((resolve) => {
      clock.after(POLL_MS, resolve);
    });
  }
}

/** Sends a signal; a process that has gone already is not an error. */
export function killProcess(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
  }
}
