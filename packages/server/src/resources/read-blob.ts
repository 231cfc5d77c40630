import { sharedStateStream, SkeinError } from "@skein/protocol";
import type { Store, StreamInfo } from "@skein/store";
import type { ResourceRecord } from "../records/collections.ts";
import { parseResourceStream } from "./address.ts";

/** Pictures that a browser decodes and never runs: vector graphics are documents, and not among them. */
const PICTURE = /^image\/(?:png|jpeg|gif|webp)$/;

/**
 * What comes from an agent is data whatever it calls itself: only pictures keep their type, everything else is bytes to
 * be saved, and nothing of it can run as a page of ours.
 */
function headersFor(type: string, hash: string): Headers {
  const isPicture = PICTURE.test(type);
  const text = /^text\/plain\b/.test(type) ? "text/plain; charset=utf-8" : "application/octet-stream";
  return new Headers({
    "content-type": isPicture ? type : text,
    "content-disposition": isPicture ? "inline" : "attachment",
    "content-security-policy": "default-src 'none'; sandbox",
    "x-content-type-options": "nosniff",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "private, max-age=31536000, immutable",
    etag: `"${hash}"`,
  });
}

/** A blob's bytes. It never changes under its name, so whoever has it need not ask again. */
export async function readBlob(store: Store, request: Request, named: string): Promise<Response> {
  const info = await findBlob(store, named);
  if (!info) throw new SkeinError("not_found", "There is no such blob.");
  const headers = headersFor(info.contentType, named.slice(named.lastIndexOf("/") + 1));
  if (request.headers.get("if-none-match") === headers.get("etag")) return new Response(null, { status: 304, headers });
  if (request.method === "HEAD") return new Response(null, { headers });
  return new Response(bytesOf(store, info.path), { headers });
}

/** What a fork's history names may be kept beside the one that it was forked from, or that one's own origin. */
async function findBlob(store: Store, named: string): Promise<StreamInfo | undefined> {
  for (let path: string | undefined = named; path !== undefined; path = await sameOfOrigin(store, path)) {
    const info = await store.getStream(path);
    if (info && !info.deleted && info.closed) return info;
  }
  return undefined;
}

async function sameOfOrigin(store: Store, path: string): Promise<string | undefined> {
  const resource = parseResourceStream(path)?.resource;
  if (resource === undefined) return undefined;
  const record = await store.getRecord<ResourceRecord>("resources", resource);
  const origin = record?.value.forkedFrom;
  return origin === undefined ? undefined : sharedStateStream(origin) + path.slice(sharedStateStream(resource).length);
}

function bytesOf(store: Store, path: string): ReadableStream<Uint8Array> {
  let from = 0;
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const page = await store.readStream(path, { from, maxBytes: 1024 * 1024 });
      if (page.kind !== "read") return controller.error(new Error("The blob was deleted."));
      for (const { body } of page.messages) if (body.length > 0) controller.enqueue(body);
      from = page.next;
      if (from >= page.stream.head) controller.close();
    },
  });
}
