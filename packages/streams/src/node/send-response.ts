import { once } from "node:events";
import type { ServerResponse } from "node:http";

interface Stall {
  readonly stallMs: number;
  readonly onStall: () => void;
}

/**
 * The web's response to Node's. Nothing is taken from the body while the socket's buffer is full, so what a slow
 * reader does not read is not made. One that takes nothing at all for `stallMs` is cut off.
 */
export async function sendResponse(response: Response, outgoing: ServerResponse, stall: Stall): Promise<void> {
  const headers: Record<string, string | string[]> = Object.fromEntries(response.headers);
  const cookies = response.headers.getSetCookie();
  if (cookies.length > 0) headers["set-cookie"] = cookies;
  outgoing.writeHead(response.status, headers);
  if (response.body === null || outgoing.req.method === "HEAD") {
    await response.body?.cancel();
    outgoing.end();
    return;
  }
  outgoing.flushHeaders();
  await pipe(response.body, outgoing, stall);
}

async function pipe(body: ReadableStream<Uint8Array>, outgoing: ServerResponse, stall: Stall): Promise<void> {
  const reader = body.getReader();
  const gone = () => void reader.cancel().catch(() => undefined);
  outgoing.once("close", gone);
  try {
    for (let chunk = await reader.read(); !chunk.done; chunk = await reader.read()) {
      if (outgoing.destroyed) return;
      if (!outgoing.write(chunk.value)) await drained(outgoing, stall);
    }
    outgoing.end();
  } finally {
    outgoing.removeListener("close", gone);
  }
}

/** Resolves when the socket takes more, or is closed. */
async function drained(outgoing: ServerResponse, { stallMs, onStall }: Stall): Promise<void> {
  const abort = new AbortController();
  const stalled = setTimeout(() => {
    onStall();
    outgoing.destroy();
  }, stallMs);
  try {
    await Promise.race([once(outgoing, "drain", abort), once(outgoing, "close", abort)]);
  } finally {
    clearTimeout(stalled);
    abort.abort();
  }
}
