import { once } from "node:events";
import { monitorEventLoopDelay } from "node:perf_hooks";

/** What a server's process says of itself. */
export interface Usage {
  readonly rss: number;
  /** The longest stall of the event loop since this was last asked, milliseconds. */
  readonly stallMs: number;
  /** Since the start, milliseconds. */
  readonly cpuMs: number;
}

/**
 * Tells the parent where we listen (not by stdout: the peer writes its log there) and how long opening the data took,
 * and then how we are when asked.
 */
export function announce(url: string, openMs = 0): void {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  process.on("message", () => {
    const { user, system } = process.cpuUsage();
    // Garbage that nobody needs is no memory of the server's.
    globalThis.gc?.();
    const usage: Usage = {
      rss: process.memoryUsage.rss(),
      stallMs: delay.max / 1e6,
      cpuMs: (user + system) / 1000,
    };
    delay.reset();
    process.send?.(usage);
  });
  process.send?.({ url, openMs });
}

/** Resolves when the parent is done with us, or is gone. */
export async function untilOrphaned(): Promise<void> {
  await once(process, "disconnect");
}
