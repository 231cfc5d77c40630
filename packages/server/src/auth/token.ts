import { SkeinError } from "@skein/protocol";
import { deriveSecret, sameSecret } from "./secrets.ts";

export interface Auth {
  /** Who asks: a principal, or why nobody. */
  authenticate(request: Request): { readonly principal: string } | { readonly error: SkeinError };
  /** The cookie for a browser that came with the token; `undefined` when it is another token. */
  signIn(token: string): string | undefined;
  /** Makes the browser forget. */
  signOut(): string;
}

export interface TokenAuthOptions {
  readonly token: string;
  /** Who has the token. */
  readonly principal: string;
  /** Browsers share cookies between the ports of a host: servers beside each other need different names. */
  readonly cookieName: string;
  /** The cookie goes over https only. */
  readonly secure?: boolean;
}

const YEAR_S = 365 * 24 * 60 * 60;
const SAFE: ReadonlySet<string> = new Set(["GET", "HEAD"]);

/** One token for one person: as a bearer token, or as a cookie that the sign-in link sets. */
export function createTokenAuth({ token, principal, cookieName, secure }: TokenAuthOptions): Auth {
  const cookieValue = deriveSecret(token, "skein sign-in cookie");
  const attributes = `Path=/; HttpOnly; SameSite=Strict${secure ? "; Secure" : ""}`;
  const denied = (message: string): { error: SkeinError } => ({ error: new SkeinError("unauthorized", message) });

  return {
    authenticate(request) {
      const header = request.headers.get("authorization");
      if (header !== null) {
        const given = /^Bearer +([^\s]+)$/i.exec(header)?.[1];
        if (given !== undefined && sameSecret(given, token)) return { principal };
        return denied("The token is not the one of this server.");
      }
      const cookie = readCookie(request.headers.get("cookie"), cookieName);
      if (cookie === undefined) return denied("This needs the server's token, or the link that it printed.");
      if (!sameSecret(cookie, cookieValue))
        return denied("The sign-in is out of date. Open the link that the server printed.");
      // A browser says where a request that changes something comes from; one that does not is not our page.
      if (!SAFE.has(request.method) && request.headers.get("origin") === null) {
        return {
          error: new SkeinError(
            "origin_not_allowed",
            "With a cookie, a request that changes something needs an Origin.",
          ),
        };
      }
      return { principal };
    },
    signIn: (given) =>
      sameSecret(given, token) ? `${cookieName}=${cookieValue}; ${attributes}; Max-Age=${YEAR_S}` : undefined,
    signOut: () => `${cookieName}=; ${attributes}; Max-Age=0`,
  };
}

function readCookie(header: string | null, name: string): string | undefined {
  for (const part of header?.split(";") ?? []) {
    const cut = part.indexOf("=");
    if (cut > 0 && part.slice(0, cut).trim() === name) return part.slice(cut + 1).trim();
  }
  return undefined;
}
