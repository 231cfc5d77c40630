import { SkeinError, type ErrorCode } from "@skein/protocol";
import { createBackoff, isTransient } from "@skein/runtime/client";
import type { Environment } from "./environment.ts";
import type { SessionPhase } from "./session-view.ts";

export interface Opening {
  readonly environment: Environment;
  readonly signal: AbortSignal;
  readonly onFailure: (error: unknown) => void;
  readonly freshMs: () => number;
}

/** Tries again while the server cannot be reached, and for a while when the session is only being made. */
export async function untilOpen(
  { environment, signal, onFailure, freshMs }: Opening,
  open: () => Promise<void>,
): Promise<void> {
  const backoff = createBackoff({ clock: environment, minMs: 150, maxMs: 5_000 });
  const begun = environment.now();
  while (!signal.aborted) {
    try {
      return await open();
    } catch (error) {
      if (signal.aborted) return;
      const missing = error instanceof SkeinError && MISSING.has(error.code);
      const fresh = missing && environment.now() - begun < freshMs();
      if (!isTransient(error) && !fresh) return onFailure(error);
      await backoff.wait(signal);
    }
  }
}

const MISSING: ReadonlySet<string> = new Set<ErrorCode>(["not_found", "session_not_found", "stream_gone"]);
const DENIED: ReadonlySet<string> = new Set<ErrorCode>(["unauthorized", "forbidden"]);

export function goneFor(code: string): SessionPhase {
  return { kind: MISSING.has(code) ? "missing" : "denied" };
}

export function failure(error: unknown): SessionPhase {
  if (error instanceof SkeinError && MISSING.has(error.code)) return { kind: "missing" };
  if (error instanceof SkeinError && DENIED.has(error.code)) return { kind: "denied" };
  return { kind: "failed", message: error instanceof Error ? error.message : String(error) };
}
