import { createServer } from "node:http";
import { toNodeListener, type NodeListenerOptions, type WebHandler } from "./listener.ts";

export interface ServeOptions extends Omit<NodeListenerOptions, "signal"> {
  readonly handler: WebHandler;
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** Default 0: any free one. */
  readonly port?: number;
  /** A head that is not whole after so long ends its connection. Default 20 s. */
  readonly headersTimeoutMs?: number;
  /** The same of a whole request, its body included. Default 5 minutes. */
  readonly requestTimeoutMs?: number;
}

export interface NodeServer {
  readonly url: string;
  readonly host: string;
  readonly port: number;
  /**
   * Takes no more connections, ends live reads at once, and lets other answers go out for `graceMs` (default 1 s)
   * before what is left is cut off. Idempotent.
   */
  close(graceMs?: number): Promise<void>;
}

const HEADERS_TIMEOUT_MS = 20_000;
const REQUEST_TIMEOUT_MS = 300_000;
const KEEP_ALIVE_MS = 65_000;
const DEFAULT_GRACE_MS = 1000;

/** Rejects when the port cannot be had (`EADDRINUSE`, …). */
export async function serveNode(options: ServeOptions): Promise<NodeServer> {
  const { handler, host = "127.0.0.1", port = 0, headersTimeoutMs, requestTimeoutMs, ...rest } = options;
  const headersTimeout = headersTimeoutMs ?? HEADERS_TIMEOUT_MS;
  const requestTimeout = requestTimeoutMs ?? REQUEST_TIMEOUT_MS;
  const stop = new AbortController();
  const server = createServer(
    // Live responses have no end that could time out; bodies and headers do.
    {
      headersTimeout,
      requestTimeout,
      connectionsCheckingInterval: Math.min(5000, headersTimeout),
      keepAliveTimeout: KEEP_ALIVE_MS,
      noDelay: true,
    },
    toNodeListener(handler, { ...rest, signal: stop.signal }),
  );
  server.on("request", (_incoming, outgoing) => {
    // While stopping, a connection goes with its last answer and does not wait for another request.
    outgoing.once("finish", () => {
      if (stop.signal.aborted) setImmediate(() => server.closeIdleConnections());
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      server.removeListener("error", reject);
      resolve();
    });
  });
  const address = server.address();
  const bound = typeof address === "object" && address !== null ? address.port : port;
  let closed: Promise<void> | undefined;
  return {
    url: `http://${host.includes(":") ? `[${host}]` : host}:${bound}`,
    host,
    port: bound,
    close(graceMs = DEFAULT_GRACE_MS) {
      closed ??= new Promise<void>((resolve) => {
        const cut = setTimeout(() => server.closeAllConnections(), graceMs);
        server.close(() => {
          clearTimeout(cut);
          resolve();
        });
        stop.abort();
        server.closeIdleConnections();
      });
      return closed;
    },
  };
}
