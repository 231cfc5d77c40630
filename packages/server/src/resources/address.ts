import { parseSharedStateStream, sharedStateStream } from "@skein/protocol";

/**
 * What a shared-state path means. A coding session has siblings that belong to it: `/native` (durable), `/live`
 * (ephemeral) and `/blobs/{sha256}` (large content, written once); any other resource has `/live` only. The id is
 * judged as a whole, never by its first segment.
 */
export interface ResourceAddress {
  /** The resource itself: what is declared in a manifest and who drives it is kept under this id. */
  readonly resource: string;
  readonly part: "main" | "native" | "live" | "blob";
  /** Coding sessions are written only through a claim, by one driver. */
  readonly session: boolean;
  readonly stream: string;
}

const SESSION = "coder-session";
const LIVE = "live";
const NATIVE = "native";
const BLOBS = "blobs";
const SHA256 = /^[0-9a-f]{64}$/;

export function parseResourceStream(stream: string): ResourceAddress | undefined {
  const id = parseSharedStateStream(stream);
  if (id === undefined) return undefined;
  const segments = id.split("/");
  if (segments[0] === SESSION) return sessionAddress(segments, stream);
  if (segments.at(-1) !== LIVE) return { resource: id, part: "main", session: false, stream };
  return segments.length === 1
    ? undefined
    : { resource: segments.slice(0, -1).join("/"), part: "live", session: false, stream };
}

function sessionAddress(segments: readonly string[], stream: string): ResourceAddress | undefined {
  const [, id, part, ...rest] = segments;
  if (id === undefined) return undefined;
  const resource = `${SESSION}/${id}`;
  if (part === BLOBS) {
    const [hash = "", ...more] = rest;
    return SHA256.test(hash) && more.length === 0 ? { resource, part: "blob", session: true, stream } : undefined;
  }
  if (rest.length > 0) return undefined;
  if (part === undefined) return { resource, part: "main", session: true, stream };
  return part === NATIVE || part === LIVE ? { resource, part, session: true, stream } : undefined;
}

export function liveStream(resource: string): string {
  return `${sharedStateStream(resource)}/${LIVE}`;
}
