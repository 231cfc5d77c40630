import { SkeinError } from "@skein/protocol";
import { blobsNamed } from "@skein/sessions";
import type { Blob, NativeTranscriptRow } from "@skein/sessions";

/** Keeps what rows refer to before the rows are written, so that whoever reads a row finds the whole of it. */
export interface BlobKeeper {
  /** The bytes of something that a row which comes next may name. */
  add(blob: Blob): void;
  /** Stores what these rows name. */
  keep(rows: readonly Pick<NativeTranscriptRow, "payload">[]): Promise<void>;
}

const MAX_WAITING_BYTES = 64 * 1024 * 1024;

export function createBlobKeeper(deps: {
  readonly put: (blob: Blob) => Promise<void>;
  readonly log: (level: "warn", text: string) => void;
}): BlobKeeper {
  const waiting = new Map<string, Blob>();
  let bytes = 0;
  const take = (sha256: string): Blob | undefined => {
    const blob = waiting.get(sha256);
    if (waiting.delete(sha256)) bytes -= blob?.size ?? 0;
    return blob;
  };
  return {
    add(blob) {
      take(blob.sha256);
      waiting.set(blob.sha256, blob);
      bytes += blob.size;
      // Not everything is named by a row (a summary, say): what is oldest is not wanted any more.
      for (const oldest of waiting.keys()) if (bytes > MAX_WAITING_BYTES && waiting.size > 1) take(oldest);
    },
    async keep(rows) {
      for (const { sha256 } of rows.flatMap(({ payload }) => blobsNamed(payload))) {
        const blob = take(sha256);
        if (blob === undefined) continue;
        try {
          await deps.put(blob);
        } catch (error) {
          // The row has the ends of it, which is better than no row. A lost claim shows at the next commit.
          if (!(error instanceof SkeinError) || error.code === "fenced") throw error;
          deps.log("warn", `${String(blob.size)} bytes (${blob.mime}) could not be kept: ${error.message}`);
        }
      }
    },
  };
}
