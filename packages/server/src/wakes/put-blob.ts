import { createHash } from "node:crypto";
import { SkeinError, normalisePath } from "@skein/protocol";
import type { Operation } from "@skein/store";
import { hashSecret } from "../auth/secrets.ts";
import type { ServerContext } from "../context.ts";
import { readBytes } from "../http/body.ts";
import { execute, refused, type Plan } from "../records/execute.ts";
import { pairId } from "../records/collections.ts";
import { createSnapshot, load, type Snapshot } from "../records/snapshot.ts";
import { parseResourceStream, type ResourceAddress } from "../resources/address.ts";
import { checkClaim, type ClaimRef } from "./rules.ts";

/** Bytes of one blob. */
export const MAX_BLOB = 16 * 1024 * 1024;
/** A reader gets it in parts of this size. */
const PART = 256 * 1024;
const MEDIA_TYPE = /^[a-z0-9.+-]{1,60}\/[a-z0-9.+-]{1,100}(?:; ?charset=utf-8)?$/;

/**
 * Keeps what a row of the session is too small for, under its hash: once, whole, and only from the coder that drives
 * the session. It is stored before the row that names it, so a reader of the row finds it.
 */
export async function putBlob({ store }: ServerContext, url: string, request: Request): Promise<void> {
  const { path, address } = target(request);
  const ref = claimOf(request);
  const check = async (): Promise<Snapshot> => {
    const snapshot = createSnapshot();
    await load(store, snapshot, [
      ["wakes", url],
      ["links", pairId(url, address.resource)],
      ["resources", address.resource],
    ]);
    const wrong = judge(snapshot, { url, address, ref, now: store.now() });
    if (wrong) throw wrong;
    return snapshot;
  };
  // Before anything large is read, and again when it is written.
  await check();
  const bytes = await readBytes(request, MAX_BLOB);
  const hash = createHash("sha256").update(bytes).digest("hex");
  if (!path.endsWith(`/${hash}`)) {
    throw new SkeinError("invalid_request", `The bytes have another hash: ${hash}.`);
  }
  const given = request.headers.get("content-type")?.toLowerCase() ?? "";
  const contentType = MEDIA_TYPE.test(given) ? given : "application/octet-stream";
  await execute(store, async (last): Promise<Plan<undefined>> => {
    const snapshot = await check();
    if (last?.kind === "stream-exists") {
      // The same bytes were kept before, perhaps under another type: the first stays.
      if (last.stream.closed && !last.stream.deleted) return { kind: "answer", answer: undefined };
      return refused(new SkeinError("stream_gone", "This blob was deleted."));
    }
    const operations = [
      checkRecord("wakes", url, snapshot.get("wakes", url)?.version),
      checkRecord("resources", address.resource, snapshot.get("resources", address.resource)?.version),
      { kind: "create-stream", path, contentType, ifExists: "fail" } as const,
      { kind: "append", path, messages: parts(bytes), close: true } as const,
    ];
    return { kind: "commit", operations, answer: () => undefined };
  });
}

function target(request: Request): { path: string; address: ResourceAddress } {
  const path = normalisePath(new URL(request.url).searchParams.get("stream") ?? "");
  const address = parseResourceStream(path);
  if (address?.part === "blob") return { path, address };
  throw new SkeinError("invalid_request", "`stream` is not the path of a session's blob.");
}

/** The body is the blob, so the claim is in headers. */
function claimOf(request: Request): ClaimRef {
  const generation = Number(request.headers.get("skein-generation") ?? "");
  return { hash: hashSecret(request.headers.get("skein-claim") ?? ""), generation };
}

function judge(
  snapshot: Snapshot,
  { url, address, ref, now }: { url: string; address: ResourceAddress; ref: ClaimRef; now: number },
): SkeinError | undefined {
  const lost = checkClaim(snapshot.get("wakes", url)?.value, ref, now);
  if (lost) return lost;
  if (!snapshot.get("links", pairId(url, address.resource))) {
    return new SkeinError("forbidden", `${address.resource} is not a session that this entity has declared.`);
  }
  const driver = snapshot.get("resources", address.resource)?.value.driver;
  if (driver === url) return undefined;
  return new SkeinError("session_in_use", "Blobs are written by the coder that drives the session.", {
    details: { driver },
  });
}

function checkRecord(collection: "wakes" | "resources", id: string, version: number | undefined): Operation {
  return { kind: "check-record", collection, id, expectedVersion: version ?? 0 };
}

function parts(bytes: Uint8Array): Uint8Array[] {
  const count = Math.max(1, Math.ceil(bytes.length / PART));
  return Array.from({ length: count }, (_, index) => bytes.subarray(index * PART, (index + 1) * PART));
}
