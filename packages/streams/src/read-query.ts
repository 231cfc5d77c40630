import { parseOffset, SkeinError } from "@skein/protocol";

/**
 * The query of a GET. Unknown parameters are ignored; a known one that is malformed or given twice is refused.
 */
export type ReadStart =
  /** From the first message that is still there. */
  { readonly kind: "beginning" } | { readonly kind: "at"; readonly position: number } | { readonly kind: "tail" };

export type ReadQuery =
  | { readonly kind: "catch-up"; readonly start: ReadStart }
  | { readonly kind: "long-poll" | "sse"; readonly start: ReadStart; readonly cursor: string | null }
  /** Ours: from the end, or from a position, backwards. */
  | { readonly kind: "last"; readonly count: number }
  | { readonly kind: "before"; readonly position: number; readonly count: number };

const MAX_COUNT = 10_000;
const DEFAULT_COUNT = 100;

export function parseReadQuery(params: URLSearchParams): ReadQuery {
  const offset = single(params, "offset");
  const live = single(params, "live");
  const last = single(params, "last");
  const before = single(params, "before");
  if (last !== null || before !== null) {
    if (offset !== null || live !== null || (last !== null && before !== null)) {
      throw bad("`last` and `before` stand alone: not with each other, `offset` or `live`.");
    }
    if (last !== null) return { kind: "last", count: count(last, "last") };
    const limit = single(params, "limit");
    return {
      kind: "before",
      position: position(before ?? ""),
      count: limit === null ? DEFAULT_COUNT : count(limit, "limit"),
    };
  }
  if (live === null) return { kind: "catch-up", start: offset === null ? { kind: "beginning" } : start(offset) };
  if (live !== "long-poll" && live !== "sse") throw bad("`live` is `long-poll` or `sse`.");
  if (offset === null) throw bad("A live read needs an `offset`.");
  return { kind: live, start: start(offset), cursor: params.get("cursor") };
}

function single(params: URLSearchParams, name: string): string | null {
  const values = params.getAll(name);
  if (values.length > 1) throw bad(`\`${name}\` is given more than once.`);
  return values[0] ?? null;
}

function start(offset: string): ReadStart {
  if (offset === "-1") return { kind: "beginning" };
  if (offset === "now") return { kind: "tail" };
  return { kind: "at", position: position(offset) };
}

function position(offset: string): number {
  const parsed = parseOffset(offset);
  if (parsed === undefined) throw bad("The offset is not one that this server gave out.");
  return parsed;
}

function count(text: string, name: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw bad(`\`${name}\` is a whole number above zero.`);
  return Math.min(Number(text), MAX_COUNT);
}

function bad(message: string): SkeinError {
  return new SkeinError("invalid_request", message);
}
