import { DIRECTORY_STREAM, mainStream, normalisePath, parseEntityUrl, PREFIX, SkeinError } from "@skein/protocol";
import type { FollowTarget } from "@skein/streams";
import type { ServerContext } from "../context.ts";
import { checkPath, type Route } from "../http/router.ts";
import { mayRead } from "../shares/guest.ts";
import { parseResourceStream } from "./address.ts";

/** `GET /_skein/follow?s={path}@{offset}&s=…`: several streams over one connection, each judged as if read alone. */
export function followRoutes(context: ServerContext): Route[] {
  return [
    {
      method: "GET",
      pattern: `${PREFIX}/follow`,
      guest: ({ url }, guest) => targetsOf(url).every(({ path }) => mayRead(guest, path)),
      handle: ({ request, url }) => context.streams.follow(request, targetsOf(url)),
    },
  ];
}

function targetsOf(url: URL): FollowTarget[] {
  return url.searchParams.getAll("s").map(parseTarget);
}

export function parseTarget(text: string): FollowTarget {
  const cut = text.lastIndexOf("@");
  const name = cut < 0 ? text : text.slice(0, cut);
  const path = normalisePath(name);
  if (checkPath(path) || !isReadable(path)) {
    throw new SkeinError("invalid_request", `${name} is not a stream that can be followed.`);
  }
  return { name, path, from: cut < 0 ? "-1" : text.slice(cut + 1) };
}

/** The streams that have a reading route of their own. */
function isReadable(path: string): boolean {
  if (path === DIRECTORY_STREAM || path.startsWith("/v1/stream/")) return true;
  const address = parseResourceStream(path);
  if (address) return address.part !== "blob";
  const url = path.slice(0, path.lastIndexOf("/"));
  return parseEntityUrl(url) !== undefined && path === mainStream(url);
}
