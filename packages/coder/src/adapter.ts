import type { Blob, Denormalised, NativeTranscriptRow, Normalised, PermissionMode } from "@skein/sessions";
import type { NativeFile } from "@skein/sessions/node";
import type { DriverFactory } from "./driver.ts";

/** What the coder knows of one agent. */
export interface AgentAdapter {
  /** Its name on this runner. */
  readonly agent: string;
  readonly traits: AgentTraits;
  readonly createDriver: DriverFactory;
  readonly sessions: NativeSessions;
  /** How sessions come to it from elsewhere. Absent: it cannot take any over. */
  readonly importer?: NativeImporter;
  /** The files that its sessions are made of. Absent: its sessions stay on the machine that they are on. */
  readonly nativeFiles?: NativeFiles;
  /** Quick: asked before every coder is made. */
  isInstalled(): Promise<boolean>;
  status(): Promise<AgentStatus>;
}

/** What an agent can do, whether it is installed or not. */
export interface AgentTraits {
  /** For people. */
  readonly name: string;
  readonly modes: readonly PermissionMode[];
  /** A prompt can go into a turn that runs. */
  readonly steers: boolean;
  /** It sees pictures that go with a prompt. */
  readonly images: boolean;
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
  /** Leaves out what stands in the file's first lines: they were written when the session was imported. */
  readonly afterLine?: number | undefined;
  /** Somebody may be writing to it: a turn that does not say it is over is left open. */
  readonly growing?: boolean | undefined;
}

/** Makes sessions of an agent on this machine's disk. A session that is there already under the id is left as it is. */
export interface NativeImporter {
  /** A session of the same agent, verbatim. */
  copy(source: NativeSession, target: ImportTarget): Promise<void>;
  /** Any agent's transcript, written down. `lines`: of the file that is made. */
  write(
    rows: readonly NativeTranscriptRow[],
    target: ImportTarget & {
      readonly title?: string | undefined;
      readonly bytesOf: (sha256: string) => Uint8Array | undefined;
    },
  ): Promise<Pick<Denormalised, "kept" | "dropped"> & { readonly lines: number }>;
}

/** Sessions as files: to be kept on the session's native stream, and made anew from there. */
export interface NativeFiles {
  /** The session's own file first. */
  list(session: NativeSession): Promise<readonly NativeFile[]>;
  /** A translator of the session's own file, to find where in it a row stands. */
  createNormaliser(): NativeTranslator;
  /** Makes a session of files that were put together elsewhere; answers with the path of its own file. */
  place(staged: StagedSession, target: ImportTarget): Promise<string>;
  /** How long the agent may take to write down what it has said already. Milliseconds. */
  readonly lagMs: number;
}

export interface NativeTranslator {
  push(record: unknown): Pick<Normalised, "rows">;
}

export interface StagedSession {
  readonly path: string;
  /** Other threads that it continues. */
  readonly threads: readonly { readonly id: string; readonly path: string }[];
}

export interface ImportTarget {
  /** The agent's own id of the session that is made. */
  readonly id: string;
  readonly cwd: string;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  readonly signal: AbortSignal;
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
