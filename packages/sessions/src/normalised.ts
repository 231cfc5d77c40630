import type { Blob } from "./bounds.ts";
import type { CodingSessionDelta, NativeTranscriptRow } from "./resource.ts";

/** Why a native record has no row of its own. Stable: `inspect` prints it and tests count it. */
export interface Skip {
  readonly reason: string;
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
