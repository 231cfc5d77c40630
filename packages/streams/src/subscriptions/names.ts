import { isPattern } from "./glob.ts";

/** Plain streams live under this; subscriptions name them by what follows it. */
export const STREAM_ROOT = "/v1/stream/";
/** Not streams: the protocol's own. */
export const RESERVED_ROOT = `${STREAM_ROOT}__ds/`;

/** How streams are named in subscriptions, and which may be. */
export interface Naming {
  /**
   * Streams outside of `/v1/stream/` that may be linked; they are named by their whole path. Asked for a path or for a
   * whole pattern, and then for everything that it can stand for. Default: none.
   */
  readonly mayLink?: (path: string) => boolean;
}

/** A name into the path in the store; `undefined`: it cannot be linked. */
export function pathOf(name: string, { mayLink }: Naming): string | undefined {
  if (name.length === 0 || name.length > 1024 || name.includes("\0")) return undefined;
  const path = canonical(name.startsWith("/") ? name : `/${name}`);
  if (path === undefined || path.endsWith("/")) return undefined;
  if (path.startsWith(STREAM_ROOT)) return isReserved(path) ? undefined : path;
  if (name.startsWith("/") && mayLink?.(path) === true) return path;
  const plain = `${STREAM_ROOT}${path.slice(1)}`;
  return isReserved(plain) ? undefined : plain;
}

/** As `pathOf`, for a pattern. */
export function patternOf(name: string, naming: Naming): string | undefined {
  return isPattern(name) ? pathOf(name, naming) : undefined;
}

/** How a path is named to those who subscribe. */
export function nameOf(path: string): string {
  return path.startsWith(STREAM_ROOT) ? path.slice(STREAM_ROOT.length) : path;
}

/** Whether a path is the protocol's own and so never a stream's. */
export function isReserved(path: string): boolean {
  return path.startsWith(RESERVED_ROOT) || path === RESERVED_ROOT.slice(0, -1);
}

/** As a request's URL would have it: streams are stored under the path of their URL. */
function canonical(path: string): string | undefined {
  if (!URL.canParse(`http://stream${path}`)) return undefined;
  const url = new URL(`http://stream${path}`);
  return url.search === "" && url.hash === "" && url.host === "stream" && !url.pathname.includes("//")
    ? url.pathname
    : undefined;
}
