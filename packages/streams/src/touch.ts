import type { Store, StreamInfo } from "@skein/store";

/**
 * Reads move the expiry of a stream with a TTL. A move costs a commit, so reads that follow closely share one: the
 * expiry may be early by a twentieth of the TTL, and never by more than a second.
 */
export async function touch(store: Store, stream: StreamInfo): Promise<void> {
  if (stream.ttlSeconds === undefined || stream.expiresAt === undefined) return;
  const ttlMs = stream.ttlSeconds * 1000;
  const sinceMoved = store.now() - (stream.expiresAt - ttlMs);
  if (sinceMoved <= Math.min(1000, ttlMs / 20)) return;
  // Refused: deleted in the meantime. The read that was made stands.
  await store.commit([{ kind: "touch-stream", path: stream.path }]);
}
