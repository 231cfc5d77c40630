import type { NativeTranscriptRow } from "../../resource.ts";
import { type ReadOptions, readClaudeSession } from "./read.ts";

/**
 * The transcript of a session file, row by row, sub-agents included. The file is read as it is asked for and never
 * held; the same file gives the same rows every time.
 */
export async function* loadClaudeSession(options: ReadOptions): AsyncGenerator<NativeTranscriptRow, void, undefined> {
  for await (const { normalised } of readClaudeSession(options)) yield* normalised.rows;
}
