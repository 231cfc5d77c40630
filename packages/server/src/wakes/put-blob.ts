import { SkeinError, normalisePath } from "@skein/protocol";
import type { Operation } from "@skein/store";
import { hashSecret } from "../auth/secrets.ts";
import type { ServerContext } from "../context.ts";
import { readBytes } from "../http/body.ts";
import { execute, type Plan } from "../records/execute.ts";
import { pairId } from "../records/collections.ts";
import { createSnapshot, load, type Snapshot } from "../records/snapshot.ts";
import { parseResourceStream, type ResourceAddress } from "../resources/address.ts";
import { keepOperations, keptBefore, MAX_BLOB, named } from "../resources/keep-blob.ts";
import { checkClaim, type ClaimRef } from "./rules.ts";

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
      ["blobs", address.resource],
    ]);
    const wrong = judge(snapshot, { url, address, ref, now: store.now() });
    if (wrong) throw wrong;
    return snapshot;
  };
  // Before anything large is read, and again when it is written.
  await check();
  const given = named(path, await readBytes(request, MAX_BLOB), request);
  await execute(store, async (last): Promise<Plan<undefined>> => {
    const snapshot = await check();
    if (keptBefore(last)) return { kind: "answer", answer: undefined };
    const operations = [
      checkRecord("wakes", url, snapshot.get("wakes", url)?.version),
      checkRecord("resources", address.resource, snapshot.get("resources", address.resource)?.version),
      ...keepOperations(snapshot, address, given),
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
