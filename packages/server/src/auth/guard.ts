import { SkeinError } from "@skein/protocol";

export interface GuardOptions {
  /** Hosts (with port, as in the `Host` header) that this server answers to. */
  readonly hosts: ReadonlySet<string>;
  /** Other origins that may use the server from a browser. The server's own always may. */
  readonly origins: ReadonlySet<string>;
}

/**
 * Before anything else: the server answers only to its own names, so that a page of somebody else whose name was
 * pointed at this machine gets nothing (DNS rebinding), and only to its own pages.
 */
export function guard(request: Request, options: GuardOptions): SkeinError | undefined {
  const url = new URL(request.url);
  const host = request.headers.get("host") ?? url.host;
  if (!options.hosts.has(host) || !options.hosts.has(url.host)) {
    return new SkeinError(
      "host_not_allowed",
      `This server does not answer to ${host}. Use the address that it printed.`,
    );
  }
  const origin = request.headers.get("origin");
  if (origin !== null && !isOwn(origin, url, options)) {
    return new SkeinError("origin_not_allowed", `Pages of ${origin} may not use this server.`);
  }
  const site = request.headers.get("sec-fetch-site");
  const navigation = request.headers.get("sec-fetch-mode") === "navigate" && request.method === "GET";
  if (origin === null && site === "cross-site" && !navigation) {
    return new SkeinError("origin_not_allowed", "Pages of other sites may not use this server.");
  }
  return undefined;
}

function isOwn(origin: string, url: URL, { hosts, origins }: GuardOptions): boolean {
  if (origins.has(origin)) return true;
  const parsed = URL.canParse(origin) ? new URL(origin) : undefined;
  return (
    parsed !== undefined && /^https?:$/.test(parsed.protocol) && hosts.has(parsed.host) && parsed.host === url.host
  );
}
