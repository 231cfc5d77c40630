import { SkeinError } from "@skein/protocol";
import type { Guest } from "../shares/guest.ts";

/** A request whose path has matched: what was in the places of `:name` and `*name`. */
export interface RouteRequest {
  readonly request: Request;
  readonly url: URL;
  readonly path: string;
  readonly params: Readonly<Record<string, string>>;
  /** Who asks. Absent on public routes. */
  readonly principal: string;
  /** Who asks has a share's token only. */
  readonly guest?: Guest;
}

export interface Route {
  readonly method: "GET" | "HEAD" | "PUT" | "POST" | "PATCH" | "DELETE";
  /** `:name` takes one segment, `*name` the rest (one or more). Earlier routes win. */
  readonly pattern: string;
  readonly handle: (request: RouteRequest) => Promise<Response> | Response;
  /** Answers without a token. */
  readonly public?: boolean;
  /** Whether a guest of a share may ask this. Absent: no guest may. */
  readonly guest?: (request: RouteRequest, guest: Guest) => boolean;
}

export interface Match {
  readonly route: Route;
  readonly params: Readonly<Record<string, string>>;
}

interface Compiled {
  readonly route: Route;
  readonly segments: readonly string[];
}

export interface Router {
  /** The route, the methods that the path would take, or nothing: what is not listed is not there. */
  match(method: string, path: string): Match | { readonly allow: readonly string[] } | undefined;
}

export function createRouter(routes: readonly Route[]): Router {
  const compiled: readonly Compiled[] = routes.map((route) => ({ route, segments: route.pattern.split("/").slice(1) }));
  return {
    match(method, path) {
      const segments = path.split("/").slice(1);
      const allow = new Set<string>();
      for (const { route, segments: pattern } of compiled) {
        const params = matchSegments(pattern, segments);
        if (!params) continue;
        if (route.method === method) return { route, params };
        allow.add(route.method);
      }
      return allow.size > 0 ? { allow: [...allow] } : undefined;
    },
  };
}

function matchSegments(pattern: readonly string[], segments: readonly string[]): Record<string, string> | undefined {
  const params: Record<string, string> = {};
  for (const [index, part] of pattern.entries()) {
    if (part.startsWith("*")) {
      const rest = segments.slice(index);
      if (rest.length === 0) return undefined;
      params[part.slice(1)] = rest.join("/");
      return params;
    }
    const segment = segments[index];
    if (segment === undefined) return undefined;
    if (part.startsWith(":")) params[part.slice(1)] = segment;
    else if (part !== segment) return undefined;
  }
  return segments.length === pattern.length ? params : undefined;
}

/** A parameter of the route's own pattern. */
export function param({ params }: RouteRequest, name: string): string {
  const value = params[name];
  if (value === undefined) throw new Error(`The route has no parameter ${name}.`);
  return value;
}

/**
 * Paths are taken literally: nothing of ours needs escapes, and whatever is written in two ways could be judged in one
 * and used in the other.
 */
export function checkPath(path: string): SkeinError | undefined {
  if (path.length > 2048) return new SkeinError("invalid_request", "The path is too long.");
  if (path === "/") return undefined;
  const problem = path.includes("%")
    ? "escapes (%); ids have letters, digits and . _ ~ - only"
    : path.includes("//")
      ? "empty segments (//)"
      : path.endsWith("/")
        ? "a slash at the end"
        : undefined;
  return problem === undefined
    ? undefined
    : new SkeinError("invalid_request", `This path cannot be used: it has ${problem}.`);
}
