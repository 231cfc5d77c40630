import type { Blob } from "./bounds.ts";
import type { CodingSessionDelta, NativeTranscriptRow } from "./resource.ts";

/** Why a native record has no row of its own. The ids are stable: `inspect` prints them and tests count them. */
export const SKIP_REASONS = {
  // the line
  blank: "an empty line",
  comment: "a comment",
  torn: "the last line, cut off in the middle",
  "not-json": "a line that is no JSON",
  "too-long": "a line beyond what is read into memory",
  // what it is
  duplicate: "a record that was there before",
  empty: "no words in it",
  "empty-command-output": "a command that said nothing",
  meta: "written for the model in the user's place; nobody typed it",
  context: "what the model is told about its surroundings",
  hook: "a hook that had nothing to say",
  progress: "a sign of life of a call whose result follows",
  queue: "the queue of prompts; each has a record of its own when it is given to the model",
  "file-history": "copies of files for undoing",
  "request-log": "a log of requests to the model's API",
  state: "the program's own state",
  "name-of-agent": "the program's name for the session; its title has a record of its own",
  "empty-title": "a title without words",
  "title-repeated": "the title that it has",
  "title-overridden": "a made-up title beside the one a person gave",
  "title-of-another": "the title of a conversation that is not in this file",
  "session-start": "told by the session's first row",
  "turn-start": "told by the prompt",
  "turn-end": "told by the row that ends the turn",
  "told-by-result": "told by the call's result",
  "told-elsewhere": "another record says the same",
  usage: "a count of tokens; the end of the turn has it",
  // the stream of a running agent
  delta: "a part of what follows whole",
  "live-outcome": "the end of a turn, which the coder records",
  "live-status": "what the agent is doing at the moment",
} as const;
export type SkipReason = keyof typeof SKIP_REASONS;

export interface Skip {
  readonly reason: SkipReason;
  /** What exactly, for a person. */
  readonly detail?: string;
}

/** A delta of a live turn; the coder adds the run. */
export type NativeDelta = Omit<CodingSessionDelta, "runId">;

/**
 * What became of one native record. Every record is accounted for: it has rows or deltas, or `skipped` says why not.
 * Rows may also belong to what came before (a turn that this record shows to be over, a divider that waited for its
 * summary), so a skipped record can come with rows.
 */
export interface Normalised {
  readonly rows: readonly NativeTranscriptRow[];
  readonly deltas: readonly NativeDelta[];
  /** The whole of what the rows only show the ends of. */
  readonly blobs: readonly Blob[];
  readonly skipped?: Skip;
}
