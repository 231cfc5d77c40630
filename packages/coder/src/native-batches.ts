import type { NativeTranscriptRow, Normalised } from "@skein/sessions";
import type { LoadOptions } from "./adapter.ts";

const BATCH_ROWS = 200;
const BATCH_BYTES = 512 * 1024;
/** What is kept beside the rows goes its own way, and is only not to pile up. */
const BATCH_BLOB_BYTES = 16 * 1024 * 1024;

/** A native file's rows, as many at a time as fit in one commit. */
export async function* inBatches(
  records: AsyncIterable<{ readonly normalised: Pick<Normalised, "rows" | "blobs"> }>,
  { onBlob }: LoadOptions = {},
): AsyncGenerator<readonly NativeTranscriptRow[]> {
  let batch: NativeTranscriptRow[] = [];
  let bytes = 0;
  let blobBytes = 0;
  for await (const { normalised } of records) {
    for (const blob of onBlob === undefined ? [] : normalised.blobs) {
      onBlob?.(blob);
      blobBytes += blob.size;
    }
    for (const row of normalised.rows) {
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
