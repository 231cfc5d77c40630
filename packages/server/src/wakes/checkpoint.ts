import { mainStream, normalisePath, parseOffset, SkeinError } from "@skein/protocol";
import type { Store, StreamInfo } from "@skein/store";
import { z } from "zod";
import { hashSecret } from "../auth/secrets.ts";
import type { ServerContext } from "../context.ts";
import { readBytes } from "../http/body.ts";
import { execute, type Plan } from "../records/execute.ts";
import { pairId } from "../records/collections.ts";
import { createSnapshot, load, type Snapshot } from "../records/snapshot.ts";
import { parseResourceStream } from "../resources/address.ts";
import { checkClaim, type ClaimRef } from "./rules.ts";

/**
 * Checkpoints: what a runner has folded a stream into, kept beside the entity so that the next cold wake reads it and
 * the rest. One for each stream that the entity reads, the newest; its bytes are the runner's business. Nobody but the
 * entity's own claim reads it, so that no entity has to believe another one's fold.
 *
 * It is never more than a shortcut: it is bound to the very stream it was made from (one that was deleted and made
 * again is another) and to a position that the log has reached; otherwise it is as if there were none.
 */
export const MAX_CHECKPOINT = 4 * 1024 * 1024;
const PART = 256 * 1024;
const TYPE = "application/octet-stream";

const origin = z.object({ stream: z.number(), createdAt: z.number(), position: z.number() });

/** `PUT …/claim/checkpoint?stream=…`, the position in `skein-position`. */
export async function putCheckpoint({ store }: ServerContext, url: string, request: Request): Promise<void> {
  const stream = streamOf(request);
  const position = parseOffset(request.headers.get("skein-position") ?? "");
  if (position === undefined) throw new SkeinError("invalid_request", "`skein-position` is not an offset.");
  const ref = claimOf(request);
  // Before anything large is read, and again when it is written.
  await claimHolds(store, { url, stream, ref });
  const bytes = await readBytes(request, MAX_CHECKPOINT);
  await execute(store, async (): Promise<Plan<undefined>> => {
    const snapshot = await claimHolds(store, { url, stream, ref });
    const log = await store.getStream(stream);
    if (!log || log.deleted) throw new SkeinError("not_found", `There is no stream ${stream}.`);
    if (position > log.head) throw new SkeinError("invalid_request", `${stream} ends before ${position}.`);
    const path = checkpointOf(url, stream);
    const head = new TextEncoder().encode(JSON.stringify({ stream: log.id, createdAt: log.createdAt, position }));
    const operations = [
      {
        kind: "check-record",
        collection: "wakes",
        id: url,
        expectedVersion: snapshot.get("wakes", url)?.version ?? 0,
      },
      { kind: "delete-stream", path, ifMissing: "skip" },
      { kind: "create-stream", path, contentType: TYPE, ifExists: "fail" },
      { kind: "append", path, messages: [head, ...parts(bytes)], close: true },
    ] as const;
    return { kind: "commit", operations, answer: () => undefined };
  });
}

/** `GET …/claim/checkpoint?stream=…`: the bytes, or `not_found` when there are none that hold. */
export async function readCheckpoint({ store }: ServerContext, url: string, request: Request): Promise<Response> {
  const stream = streamOf(request);
  await claimHolds(store, { url, stream, ref: claimOf(request) });
  const [log, kept] = await Promise.all([
    store.getStream(stream),
    store.readStream(checkpointOf(url, stream), { from: 0, maxBytes: MAX_CHECKPOINT + PART }),
  ]);
  const [head, ...content] = kept.kind === "read" ? kept.messages : [];
  const from = head && origin.parse(JSON.parse(new TextDecoder().decode(head.body)));
  if (kept.kind !== "read" || !from || !isSame(log, from) || kept.next < kept.stream.head) {
    throw new SkeinError("not_found", `There is no checkpoint of ${stream}.`);
  }
  return new Response(Buffer.concat(content.map(({ body }) => body)), { headers: { "content-type": TYPE } });
}

/** An entity that has ended is never woken again. What is left behind by a server that dies here harms nobody. */
export async function dropCheckpoints({ store }: ServerContext, url: string): Promise<void> {
  const found = await store.listStreams({ prefix: `${url}/checkpoint/`, limit: 1000 });
  if (found.length === 0) return;
  await store.commit(found.map(({ path }) => ({ kind: "delete-stream", path, ifMissing: "skip" }) as const));
}

function checkpointOf(url: string, stream: string): string {
  return stream === mainStream(url) ? `${url}/checkpoint/main` : `${url}/checkpoint${stream}`;
}

function isSame(log: StreamInfo | undefined, from: z.output<typeof origin>): boolean {
  if (!log || log.deleted) return false;
  return log.id === from.stream && log.createdAt === from.createdAt && from.position <= log.head;
}

/** Throws unless the claim holds and the entity reads this stream: its own, or that of a resource it has declared. */
async function claimHolds(
  store: Store,
  { url, stream, ref }: { readonly url: string; readonly stream: string; readonly ref: ClaimRef },
): Promise<Snapshot> {
  const address = stream === mainStream(url) ? undefined : parseResourceStream(stream);
  const snapshot = createSnapshot();
  await load(store, snapshot, [
    ["wakes", url],
    ...(address ? [["links", pairId(url, address.resource)] as const] : []),
  ]);
  const lost = checkClaim(snapshot.get("wakes", url)?.value, ref, store.now());
  if (lost) throw lost;
  if (stream === mainStream(url)) return snapshot;
  if (address && snapshot.get("links", pairId(url, address.resource))) return snapshot;
  throw new SkeinError("forbidden", `${stream} is not a stream that this entity has declared in its manifest.`);
}

function streamOf(request: Request): string {
  return normalisePath(new URL(request.url).searchParams.get("stream") ?? "");
}

/** The body is the checkpoint, so the claim is in headers. */
function claimOf(request: Request): ClaimRef {
  const generation = Number(request.headers.get("skein-generation") ?? "");
  return { hash: hashSecret(request.headers.get("skein-claim") ?? ""), generation };
}

function parts(bytes: Uint8Array): Uint8Array[] {
  const count = Math.ceil(bytes.length / PART);
  return Array.from({ length: count }, (_, index) => bytes.subarray(index * PART, (index + 1) * PART));
}
