import { turnEndKey } from "@skein/sessions";
import type { NativeTranscriptRow, Normalised } from "@skein/sessions";
import type { LoadOptions } from "./adapter.ts";

const BATCH_ROWS = 200;
const BATCH_BYTES = 512 * 1024;
/** What is kept beside the rows goes its own way, and is only not to pile up. */
const BATCH_BLOB_BYTES = 16 * 1024 * 1024;

interface ReadRecord {
  /** In the session's file, from 1; 0 for what its end brought. */
  readonly line: number;
  readonly normalised: Pick<Normalised, "rows" | "blobs">;
}

/** A native file's rows, as many at a time as fit in one commit. */
export async function* inBatches(
  records: AsyncIterable<ReadRecord>,
  { onBlob, afterLine = 0 }: LoadOptions = {},
): AsyncGenerator<readonly NativeTranscriptRow[]> {
  let batch: NativeTranscriptRow[] = [];
  let bytes = 0;
  let blobBytes = 0;
  /** Ends of turns that were written down: they may be told only by what comes behind. */
  const ends = new Set<string>();
  for await (const { line, normalised } of records) {
    if (line > 0 && line <= afterLine) {
      for (const { key } of normalised.rows) ends.add(turnEndKey(key));
      continue;
    }
    for (const blob of normalised.blobs) {
      onBlob?.(blob);
      blobBytes += onBlob === undefined ? 0 : blob.size;
    }
    for (const row of normalised.rows) {
      if (ends.has(row.key)) continue;
      batch.push(row);
      bytes += JSON.stringify(row).length;
    }
    if (batch.length < BATCH_ROWS && bytes < BATCH_BYTES && blobBytes < BATCH_BLOB_BYTES) continue;
    yield batch;
    batch = [];
    bytes = 0;
    blobBytes = 0;
  }
  if (batch.length > 0) yield batch;
}
