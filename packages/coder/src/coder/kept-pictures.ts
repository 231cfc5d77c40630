import { blobsNamed, sessionBlob } from "@skein/sessions";
import type { NativeTranscriptRow } from "@skein/sessions";
import type { ReadBlob } from "./prompt-input.ts";

/** Bytes of pictures that are held for an agent while its history is written down. */
const MAX_BYTES = 32 * 1024 * 1024;

/** The pictures that are kept beside a session and named by these rows; what is too much is left out, and told so. */
export async function fetchPictures(
  rows: readonly NativeTranscriptRow[],
  sessionId: string,
  readBlob: ReadBlob | undefined,
): Promise<(sha256: string) => Uint8Array | undefined> {
  const found = new Map<string, Uint8Array>();
  let held = 0;
  for (const { sha256, mime, size } of rows.flatMap(({ payload }) => blobsNamed(payload))) {
    if (mime?.startsWith("image/") !== true || found.has(sha256) || held + size > MAX_BYTES) continue;
    const bytes = await readBlob?.(sessionBlob(sessionId, sha256));
    if (bytes === undefined || held + bytes.length > MAX_BYTES) continue;
    found.set(sha256, bytes);
    held += bytes.length;
  }
  return (sha256) => found.get(sha256);
}
