import type { Blob, CodingSessionDelta, CodingSessionTranscriptRow, PermissionMode, Usage } from "@skein/sessions";

/**
 * One live session of one agent. The coder owns it, and nothing of it is left running after `close`.
 * Failures are events; the only thing that throws is misuse.
 */
export interface AgentDriver {
  /** The agent's own id of the session, once it is known. */
  readonly nativeSessionId: string | undefined;
  /** Runs one turn. The iterable ends after exactly one `turn` event; it never rejects. */
  prompt(
    input: PromptInput,
    options: { readonly promptId: string; readonly runId: string; readonly signal: AbortSignal },
  ): AsyncIterable<DriverEvent>;
  /** Ends the turn and keeps the session. */
  interrupt(): Promise<void>;
  respond(requestId: string, response: DriverResponse): Promise<void>;
  /** Puts something into the turn that runs. False when it cannot be taken now: it is a prompt of its own then. */
  steer?(input: PromptInput, options: { readonly promptId: string }): Promise<boolean>;
  /** Changes how the session goes on, at once or with its next turn. False: that takes another driver. */
  configure?(settings: DriverSettings): Promise<boolean>;
  close(): Promise<void>;
}

export interface PromptInput {
  readonly text: string;
  readonly attachments?: readonly DriverAttachment[];
}

/** What goes with a prompt, as it lies on this machine. */
export interface DriverAttachment {
  readonly mime: string;
  readonly name: string;
  /** A file of its own, which only this user can read. */
  readonly path: string;
  readonly bytes: Uint8Array;
}

export interface DriverSettings {
  readonly permissionMode: PermissionMode;
  readonly model?: string | undefined;
}

export type DriverResponse =
  | {
      readonly kind: "permission";
      readonly decision: "allow" | "allow_session" | "deny";
      readonly message?: string | undefined;
      readonly updatedInput?: Record<string, unknown> | undefined;
    }
  | { readonly kind: "answer"; readonly answers: Record<string, string> };

/** A transcript row as the driver knows it: the coder adds run, prompt and actor. */
export type DriverRow = Omit<CodingSessionTranscriptRow, "runId" | "promptId" | "actor">;

export type DriverEvent =
  | {
      readonly kind: "session";
      readonly nativeSessionId: string;
      readonly model?: string;
      readonly agentVersion?: string;
    }
  | { readonly kind: "row"; readonly row: DriverRow }
  /** The whole of what a row only shows the ends of: in front of that row. */
  | { readonly kind: "blob"; readonly blob: Blob }
  | { readonly kind: "delta"; readonly delta: Omit<CodingSessionDelta, "runId"> }
  | { readonly kind: "native"; readonly record: unknown }
  /** A request waits for a person: its row is a `permission_request` or a `question`. */
  | { readonly kind: "waiting"; readonly requestId: string; readonly row: DriverRow }
  /** Nothing has come from the agent since then; any other event ends that. */
  | { readonly kind: "stalled"; readonly since: number }
  /** The end of the turn, always the last event. */
  | { readonly kind: "turn"; readonly outcome: TurnOutcome };

export type TurnOutcome =
  | { readonly kind: "completed"; readonly usage?: Usage; readonly durationMs?: number }
  | { readonly kind: "aborted"; readonly reason: string }
  | {
      readonly kind: "failed";
      readonly code: string;
      readonly message: string;
      readonly usage?: Usage;
      readonly durationMs?: number;
    };

export interface DriverOptions {
  /** Ours: everything that the agent starts carries it in its environment. */
  readonly sessionId: string;
  readonly cwd: string;
  readonly model?: string;
  readonly permissionMode: PermissionMode;
  /**
   * The agent's own session. `resume`: it must be there. `own`: we gave it this id; it is made if it is not there yet
   * (a crash may have come before its first record). `told`: the agent chose the id itself, and said so.
   */
  readonly native: { readonly kind: "resume" | "own"; readonly id: string; readonly told?: boolean };
}

/** Makes drivers of one agent. */
export type DriverFactory = (options: DriverOptions) => AgentDriver;
