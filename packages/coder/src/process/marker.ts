/**
 * The environment variable by which everything that a session's agent started can be found again, whatever it did to
 * its process group or session, and also after a crash of ours. It names a session and holds no secret.
 */
export const SESSION_MARKER = "SKEIN_CODER_SESSION";

/** `owner` tells apart servers on one machine: the same across restarts of one, different for two. */
export function sessionMarker(owner: string, sessionId: string): string {
  return `${ownerPrefix(owner)}${sessionId}`;
}

/** What the markers of all of an owner's sessions begin with. */
export function ownerPrefix(owner: string): string {
  return `${owner}:`;
}
