import { SkeinError } from "@skein/protocol";

/**
 * Where a database is, for people and logs: nothing of its URL that could be a secret. Not parsed as a URL: those of
 * sockets (`postgres://user@/name?host=/folder`) are none, and of one that is written wrongly no part may be taken for
 * the host that is not.
 */
export function describeAddress(url: string): string {
  const [, rest] = checkAddress(url);
  const place = rest.slice(rest.lastIndexOf("@") + 1);
  const [, host = "", port = "", name = "", query = ""] = /^([^/:?]*)(:\d+)?\/?([^?]*)\??(.*)$/.exec(place) ?? [];
  const where = new URLSearchParams(query).get("host") ?? (host === "" ? "localhost" : host);
  return `${name === "" ? "the default one" : decodeURIComponent(name)} on ${where}${port}`;
}

/** Refuses what is not an address of PostgreSQL, without repeating it. Gives its scheme and the rest. */
export function checkAddress(url: string): [scheme: string, rest: string] {
  const [, scheme, rest] = /^(postgres(?:ql)?):\/\/(.+)$/.exec(url) ?? [];
  if (scheme !== undefined && rest !== undefined) return [scheme, rest];
  throw new SkeinError("invalid_request", "A database's address is written postgres://USER:PASSWORD@HOST:PORT/NAME.");
}

/** Why a database cannot be used, and what to do. */
export function explainRefusal(url: string, error: unknown): SkeinError {
  if (error instanceof SkeinError) return error;
  const where = describeAddress(url);
  const { code, message } = innermost(error);
  return new SkeinError("unavailable", `The database ${where} ${advice(code, message)}`, { cause: error });
}

function advice(code: string, message: string): string {
  if (/^E[A-Z_]+$/.test(code)) return `cannot be reached (${code}). Is it running, and is the address right?`;
  switch (code) {
    case "28P01":
    case "28000":
      return `refuses the sign-in: ${message}. Check the user and the password in its address.`;
    case "3D000":
      return `does not exist. Make it (createdb), or correct its address.`;
    case "42501":
      return `does not let this user make its tables: ${message}. Grant it CREATE on the database.`;
    case "53300":
      return `has no connection left: ${message}. Raise max_connections, or stop another server.`;
    case "25006":
      return `takes no writes: it is a standby. Use the address of the primary.`;
    default:
      return `cannot be used: ${message}`;
  }
}

/** Several addresses of one name are tried: the failure of the first says enough. */
function innermost(error: unknown): { readonly code: string; readonly message: string } {
  if (error instanceof AggregateError && error.errors.length > 0) return innermost(error.errors[0]);
  if (!(error instanceof Error)) return { code: "", message: String(error) };
  return { code: "code" in error && typeof error.code === "string" ? error.code : "", message: error.message };
}
