import { createHash } from "node:crypto";
import { SkeinError } from "@skein/protocol";
import type { Operation, Rejection } from "@skein/store";
import type { BlobsRecord } from "../records/collections.ts";
import type { Snapshot } from "../records/snapshot.ts";
import type { ResourceAddress } from "./address.ts";

/** Bytes of one blob, and of all of a session. */
export const MAX_BLOB = 16 * 1024 * 1024;
const LIMITS: BlobsRecord = { bytes: 512 * 1024 * 1024, count: 10_000 };
/** A reader gets it in parts of this size. */
const PART = 256 * 1024;
const MEDIA_TYPE = /^[a-z0-9.+-]{1,60}\/[a-z0-9.+-]{1,100}(?:; ?charset=utf-8)?$/;

/** Bytes that are what their name says, with the type that they are kept under. */
export interface NamedBytes {
  readonly path: string;
  readonly bytes: Uint8Array;
  readonly contentType: string;
}

/** Throws when the bytes have another hash than their path. */
export function named(path: string, bytes: Uint8Array, request: Request): NamedBytes {
  const hash = createHash("sha256").update(bytes).digest("hex");
  if (!path.endsWith(`/${hash}`)) throw new SkeinError("invalid_request", `The bytes have another hash: ${hash}.`);
  const given = request.headers.get("content-type")?.toLowerCase() ?? "";
  return { path, bytes, contentType: MEDIA_TYPE.test(given) ? given : "application/octet-stream" };
}

/** What was kept before under this name, as the last attempt to keep it found out. */
export function keptBefore(last: Rejection | undefined): boolean {
  if (last?.kind !== "stream-exists") return false;
  // The same bytes, perhaps under another type: the first stays.
  if (last.stream.closed && !last.stream.deleted) return true;
  throw new SkeinError("stream_gone", "This blob was deleted.");
}

/** What a session has with these bytes added; throws when that is more than it may have. */
export function withRoomFor(kept: BlobsRecord | undefined, size: number, limits: BlobsRecord = LIMITS): BlobsRecord {
  const after = { bytes: (kept?.bytes ?? 0) + size, count: (kept?.count ?? 0) + 1 };
  if (after.bytes <= limits.bytes && after.count <= limits.count) return after;
  throw new SkeinError("too_large", "The session has as much kept beside it as it may have.", { details: { limits } });
}

/** Keeps a blob, and counts it: the snapshot has the session's record of blobs. */
export function keepOperations(
  snapshot: Snapshot,
  { resource }: Pick<ResourceAddress, "resource">,
  { path, bytes, contentType }: NamedBytes,
): Operation[] {
  const kept = snapshot.get("blobs", resource);
  return [
    {
      kind: "put-record",
      collection: "blobs",
      id: resource,
      value: withRoomFor(kept?.value, bytes.length),
      expectedVersion: kept?.version ?? 0,
    },
    { kind: "create-stream", path, contentType, ifExists: "fail" },
    { kind: "append", path, messages: parts(bytes), close: true },
  ];
}

function parts(bytes: Uint8Array): Uint8Array[] {
  const count = Math.max(1, Math.ceil(bytes.length / PART));
  return Array.from({ length: count }, (_, index) => bytes.subarray(index * PART, (index + 1) * PART));
}
