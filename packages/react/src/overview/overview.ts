import type { CodingSessionInfoRow, Usage } from "@skein/sessions";

/**
 * What the viewers beside a transcript show of a whole session, however long: small facts and the positions of the rows
 * that have the rest. Every list is bounded; what was left out is counted.
 */
export interface Overview {
  readonly info: CodingSessionInfoRow | undefined;
  readonly turns: readonly Turn[];
  /** Older turns than those listed. */
  readonly turnsLeftOut: number;
  readonly commands: readonly CommandRun[];
  readonly commandsLeftOut: number;
  /** By path, those changed last at the end. */
  readonly files: readonly ChangedFile[];
  readonly filesLeftOut: number;
  /** Transcript rows that were looked at. */
  readonly rows: number;
}

/** Where a row stands, for links to it. */
export interface RowAt {
  readonly row: string;
  readonly position: number;
}

export interface Turn extends RowAt {
  /** Counted from 1 over the whole session. */
  readonly number: number;
  readonly prompt: string;
  /** Milliseconds since 1970, by the rows' own times. */
  readonly from: number;
  readonly to: number;
  readonly outcome: "open" | "complete" | "failed" | "aborted";
  readonly durationMs: number | undefined;
  readonly usage: Usage | undefined;
  readonly tools: readonly ToolSpan[];
  readonly toolsLeftOut: number;
}

export interface ToolSpan extends RowAt {
  readonly tool: string;
  readonly title: string;
  readonly from: number;
  readonly to: number | undefined;
  readonly failed: boolean;
}

export interface CommandRun extends RowAt {
  readonly turn: number;
  readonly command: string;
  readonly from: number;
  readonly to: number | undefined;
  readonly exitCode: number | undefined;
  readonly failed: boolean;
  /** Where its output is. */
  readonly result: number | undefined;
}

export interface ChangedFile {
  readonly path: string;
  readonly changes: readonly Change[];
  readonly changesLeftOut: number;
}

export interface Change extends RowAt {
  readonly turn: number;
  readonly kind: "add" | "edit" | "delete" | "rename";
  readonly added: number;
  readonly removed: number;
}
