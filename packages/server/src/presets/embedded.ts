import { join } from "node:path";
import { userInfo } from "node:os";
import { createStreams } from "@skein/streams";
import { serveNode } from "@skein/streams/node";
import { createTokenAuth } from "../auth/token.ts";
import type { LogEvent } from "../context.ts";
import { MAX_COMMIT_BODY } from "../http/body.ts";
import { createStaticFiles } from "../http/static.ts";
import { createMetrics } from "../metrics/prometheus.ts";
import { createPushService } from "../push/send.ts";
import { createServer } from "../server.ts";
import { traceCommits, traceRequests, type ServerTrace } from "../trace.ts";
import { openStore } from "./open-store.ts";
import { loadToken } from "./token-file.ts";

export interface EmbeddedServerOptions {
  /** The folder that holds everything: `data/` (the store) and `token`. Made if it is not there. */
  readonly home: string;
  /** `postgres://…`: the data is there instead of in `data/`, shared with every other server on the same database. */
  readonly database?: string;
  /** Default 127.0.0.1. Another one is reachable by others: they still need the token. */
  readonly host?: string;
  /** Default 4437; 0 takes a free one. A taken port rejects with the system's `EADDRINUSE`. */
  readonly port?: number;
  /** Default: the home's own, made at the first start. */
  readonly token?: string;
  /** The built web app. Without it `/` is not found. */
  readonly staticDirectory?: string;
  /** Further names (`host:port`) that the server answers to, beside the loopback's and `host`'s. */
  readonly hosts?: readonly string[];
  /** Origins that may use the server from a browser beside its own pages. */
  readonly origins?: readonly string[];
  /** Who has the token. Default: `user:` and the system's user name. */
  readonly principal?: string;
  readonly leaseMs?: number;
  readonly version?: string;
  readonly log?: (event: LogEvent) => void;
  /** Stands around requests and commits. */
  readonly trace?: ServerTrace;
}

export interface EmbeddedServer {
  readonly url: string;
  readonly token: string;
  /** Signs a browser in: shown to the person once, never logged. */
  readonly link: string;
  readonly host: string;
  readonly port: number;
  /** The same surface without a socket, for a runner in this process. Needs the token as every request does. */
  fetch(request: Request): Promise<Response>;
  close(): Promise<void>;
}

/** Everything in one process: SQLite in a folder (or a PostgreSQL shared with other servers), one token, one port. */
export async function createEmbeddedServer(options: EmbeddedServerOptions): Promise<EmbeddedServer> {
  const token = options.token ?? (await loadToken(join(options.home, "token")));
  const metrics = createMetrics();
  const { trace } = options;
  const measured = metrics.observed(await openStore(options, metrics.observeStore));
  const store = trace ? traceCommits(measured, trace) : measured;
  const stop = new AbortController();
  const log = options.log ?? ((event: LogEvent) => console.error(event.message, event.error ?? ""));
  const onError = (error: unknown): void => log({ level: "error", message: "A request failed.", error });
  const host = options.host ?? "127.0.0.1";
  let listening:
    | { readonly hosts: ReadonlySet<string>; readonly fetch: (request: Request) => Promise<Response> }
    | undefined;
  try {
    const handler = async (request: Request): Promise<Response> => {
      if (!listening) return new Response(null, { status: 503 });
      return listening.fetch(request);
    };
    const port = options.port ?? 4437;
    const node = await serveNode({
      handler,
      host,
      port,
      maxBodyBytes: MAX_COMMIT_BODY,
      onStall: metrics.stalled,
      onError,
    });
    const hosts = new Set([...namesOf(host, node.port), ...(options.hosts ?? [])]);
    const origins = new Set(options.origins ?? []);
    const server = createServer({
      store,
      streams: (subscriptions) =>
        createStreams({ store, subscriptions, signal: stop.signal, observe: metrics.observeStreams, onError }),
      // Browsers share cookies between ports.
      auth: createTokenAuth({ token, principal: options.principal ?? systemUser(), cookieName: `skein_${node.port}` }),
      guard: () => ({ hosts, origins }),
      log,
      push: createPushService(globalThis.fetch, PUSH_SUBJECT),
      observe: (event) => {
        metrics.observe(event);
        trace?.observe(event);
      },
      metrics,
      ...(options.leaseMs !== undefined && { leaseMs: options.leaseMs }),
      ...(options.version !== undefined && { version: options.version }),
      ...(options.staticDirectory !== undefined && { staticFiles: createStaticFiles(options.staticDirectory) }),
    });
    const answer = (request: Request): Promise<Response> => server.fetch(request);
    const fetch = trace ? traceRequests(answer, trace) : answer;
    listening = { hosts, fetch };
    let closed: Promise<void> | undefined;
    return {
      url: node.url,
      token,
      link: `${node.url}/_skein/sign-in?token=${encodeURIComponent(token)}`,
      host,
      port: node.port,
      fetch,
      close: () => (closed ??= closeAll()),
    };

    async function closeAll(): Promise<void> {
      stop.abort();
      server.close();
      await node.close();
      await store.close();
    }
  } catch (error) {
    await store.close();
    throw error;
  }
}

/** Push services want somebody to turn to; there is nobody but who runs this server, and they know. */
const PUSH_SUBJECT = "mailto:owner@skein.invalid";

/** What a browser or a client on this machine may write in its address bar. */
function namesOf(host: string, port: number): string[] {
  const written = host.includes(":") ? `[${host}]` : host;
  const names = new Set(["127.0.0.1", "localhost", "[::1]"]);
  if (written !== "0.0.0.0" && written !== "[::]") names.add(written);
  return [...names].flatMap((name) => (port === 80 ? [name, `${name}:${port}`] : [`${name}:${port}`]));
}

function systemUser(): string {
  try {
    return `user:${userInfo().username}`;
  } catch {
    // Some containers run under an id that has no name.
    return "user:local";
  }
}
