import { DIRECTORY_STREAM, formatOffset, ZERO_OFFSET } from "@skein/protocol";
import type { Store } from "@skein/store";
import { createDirectory } from "../records/draft.ts";

/**
 * Where to follow the directory from: asked before the list is read, so that what changes in between is told twice
 * and not never. The stream is made if need be: it is ephemeral, and after a restart nothing may have happened yet.
 */
export async function directoryOffset(store: Store): Promise<string> {
  const stream = await store.getStream(DIRECTORY_STREAM);
  if (stream) return formatOffset(stream.head);
  const outcome = await store.commit([createDirectory()]);
  const result = outcome.kind === "committed" ? outcome.results[0] : undefined;
  return result?.kind === "stream" ? formatOffset(result.stream.head) : ZERO_OFFSET;
}
