import { PREFIX, SkeinError } from "@skein/protocol";
import type { StreamAction } from "@skein/streams";
import type { ServerContext } from "../context.ts";
import type { Route, RouteRequest } from "../http/router.ts";
import { JSON_TYPE } from "../records/draft.ts";
import { mayRead } from "../shares/guest.ts";
import { parseResourceStream, type ResourceAddress } from "./address.ts";
import { readBlob } from "./read-blob.ts";
import { uploadBlob } from "./upload-blob.ts";

/** Streams of shared states, and plain streams, through the one streams handler. */
export function resourceRoutes(context: ServerContext): Route[] {
  const pattern = `${PREFIX}/shared-state/*resource`;
  const methods = ["GET", "HEAD", "PUT", "POST"] as const;
  return [
    ...methods.map((method): Route => ({
      method,
      pattern,
      ...(isRead(method) && { guest: ({ path }, guest) => mayRead(guest, path) }),
      handle: (route) => handleResource(context, route),
    })),
    ...([...methods, "DELETE"] as const).map((method): Route => ({
      method,
      pattern: "/v1/stream/*path",
      handle: (route) => handlePlain(context, route),
    })),
  ];
}

function isRead(method: string): boolean {
  return method === "GET" || method === "HEAD";
}

function handleResource(context: ServerContext, { request, path }: RouteRequest): Promise<Response> {
  const { streams, store } = context;
  const address = parseResourceStream(path);
  if (!address) {
    throw new SkeinError(
      "invalid_request",
      "A resource's id has at most eight segments of letters, digits and . _ ~ -; `live` is not a resource, " +
        "and a coding session has `/native`, `/live` and `/blobs/{sha256}` only.",
    );
  }
  if (address.part === "blob" && request.method === "PUT") return uploadBlob(context, request, address);
  const writes = request.method === "PUT" || request.method === "POST";
  if (writes) checkWrite(request, address);
  if (address.part === "blob") return readBlob(store, request, path);
  return streams.handle(request, path, { allow: allowed(address) });
}

function checkWrite(request: Request, address: ResourceAddress): void {
  if (address.session) {
    throw new SkeinError("forbidden", "A coding session is written by its coder only. Send the coder a message.");
  }
  if (address.part === "live") throw new SkeinError("reserved_name", "`live` is kept for a resource's deltas.");
  const type = request.headers.get("content-type")?.split(";")[0]?.trim().toLowerCase();
  if (type !== undefined && type !== JSON_TYPE) {
    throw new SkeinError("invalid_request", "A shared state is a stream of JSON events: application/json.");
  }
  if (type === undefined && request.method === "PUT") {
    throw new SkeinError("invalid_request", "Making a shared state needs content-type: application/json.");
  }
}

function allowed(address: ResourceAddress): readonly StreamAction[] {
  return address.session || address.part === "live" ? ["read"] : ["read", "create", "append"];
}

function handlePlain({ streams }: ServerContext, { request, path }: RouteRequest): Promise<Response> {
  return streams.handle(request, path, {
    forkSource: (source) => (source.startsWith("/v1/stream/") ? source : undefined),
  });
}
