import { createHash, type Hash } from "node:crypto";
import { SkeinError } from "@skein/protocol";
import { unpackChunk } from "../core/chunks.ts";
import type { StreamRow } from "../core/rows.ts";
import type { StoreContent } from "./content.ts";

/** What was counted on the way, and one number that is the same for stores with the same content. */
export interface ContentDigest {
  readonly streams: number;
  readonly messages: number;
  readonly producers: number;
  readonly records: number;
  /** Of message bodies. */
  readonly bytes: number;
  /** SHA-256. Of messages and not of chunks: how an engine packs them makes no difference. */
  readonly digest: string;
}

/** Reads everything, checks that every stream's messages follow one another, and digests it. */
export async function digestContent(content: StoreContent): Promise<ContentDigest> {
  const hash = createHash("sha256");
  const streams = await digestStreams(content, hash);
  const messages = await digestMessages(content, hash, streams);
  let producers = 0;
  for await (const { stream, producer, epoch, seq } of content.producers()) {
    add(hash, ["producer", stream, producer, epoch, seq]);
    producers++;
  }
  let records = 0;
  for await (const { collection, id, version, json } of content.records()) {
    add(hash, ["record", collection, id, version, json]);
    records++;
  }
  return { streams: streams.size, ...messages, producers, records, digest: hash.digest("hex") };
}

/** Where each stream's own log begins and ends. */
type Extents = ReadonlyMap<number, { readonly path: string; next: number; readonly head: number }>;

async function digestStreams(content: StoreContent, hash: Hash): Promise<Extents> {
  const extents = new Map<number, { path: string; next: number; head: number }>();
  for await (const row of content.streams()) {
    add(hash, ["stream", ...streamFields(row)]);
    extents.set(row.id, { path: row.path, next: row.parent?.position ?? 0, head: row.head });
  }
  return extents;
}

function streamFields(row: StreamRow): unknown[] {
  const { id, path, contentType, head, closed, deleted, createdAt, ttlSeconds, expiresAt, parent, children } = row;
  const plain = [id, path, contentType, head, closed, deleted, createdAt, ttlSeconds ?? null, expiresAt ?? null];
  return [
    ...plain,
    children,
    parent ? [parent.id, parent.path, parent.position] : null,
    row.lineage.map(({ stream, below, of }) => [stream, below, of ? [of.path, of.level] : null]),
    row.streamSeq ?? null,
  ];
}

async function digestMessages(content: StoreContent, hash: Hash, extents: Extents) {
  let messages = 0;
  let bytes = 0;
  for await (const chunk of content.chunks()) {
    const extent = extents.get(chunk.stream);
    // Left by a stream that was deleted, and on its way out.
    if (!extent) continue;
    const bodies = unpackChunk(chunk);
    if (!bodies || chunk.start !== extent.next) throw damaged(extent.path, extent.next);
    extent.next += bodies.length;
    for (const body of bodies) {
      add(hash, [chunk.stream, messages++, body.byteLength]);
      hash.update(body);
      bytes += body.byteLength;
    }
  }
  for (const { path, next, head } of extents.values()) if (next !== head) throw damaged(path, next);
  return { messages, bytes };
}

/** Each item with its own end, so that no two lists of items come to the same bytes. */
function add(hash: Hash, item: unknown): void {
  hash.update(`${JSON.stringify(item)}\n`);
}

export function damaged(path: string, position: number): SkeinError {
  return new SkeinError("internal", `The store is damaged: ${path} cannot be read at position ${position}.`);
}
