import type { Blob, NativeTranscriptRow } from "@skein/sessions";
import type { DriverFactory } from "./driver.ts";

/** What the coder knows of one agent. */
export interface AgentAdapter {
  readonly agent: "claude" | "codex";
  readonly createDriver: DriverFactory;
  readonly sessions: NativeSessions;
  /** Quick: asked before every coder is made. */
  isInstalled(): Promise<boolean>;
  status(): Promise<AgentStatus>;
}

/** One row of the runner call `agents.status`. */
export interface AgentStatus {
  readonly agent: string;
  readonly installed: boolean;
  readonly version?: string;
  /** Absent when it cannot be known without asking the agent. */
  readonly signedIn?: boolean;
  /** What a person should do. */
  readonly hint?: string;
}

/** The agent's sessions on this machine's disk. */
export interface NativeSessions {
  find(id: string): Promise<NativeSession | undefined>;
  /** Where the session worked, if its file says so. */
  cwdOf(session: NativeSession): Promise<string | undefined>;
  /** Newest first. `skipped`: files that could not be read as sessions. */
  list(options: { search?: string; limit?: number }): Promise<{ sessions: NativeSession[]; skipped: number }>;
  /** The session's whole history in batches, in its order. */
  load(
    session: NativeSession,
    signal: AbortSignal,
    options?: LoadOptions,
  ): AsyncIterable<readonly NativeTranscriptRow[]>;
}

export interface LoadOptions {
  /** Told the whole of what a row only refers to, before the batch with that row. */
  readonly onBlob?: (blob: Blob) => void;
}

export interface NativeSession {
  readonly id: string;
  readonly path: string;
  readonly cwd?: string | undefined;
  readonly title?: string | undefined;
  readonly firstPrompt?: string | undefined;
  /** Milliseconds since 1970, and bytes: together they tell whether a file has grown. */
  readonly updatedAt: number;
  readonly sizeBytes: number;
}
