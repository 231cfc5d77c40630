import type { IncomingMessage } from "node:http";
import { SkeinError } from "@skein/protocol";

/**
 * Node's request as the web's. The body is read only when the handler asks for it (so a refusal reads nothing), as
 * fast as the handler takes it, and never beyond the limit.
 */
export function toRequest(incoming: IncomingMessage, maxBodyBytes: number, signal: AbortSignal): Request {
  const { method = "GET", url = "/" } = incoming;
  const host = incoming.headers.host ?? "localhost";
  // An absolute-form target (proxies) names its own host; Host stays what is checked.
  const path = url.startsWith("/") ? url : new URL(url).pathname + new URL(url).search;
  const hasBody = method !== "GET" && method !== "HEAD" && method !== "OPTIONS" && !isEmpty(incoming);
  return new Request(`http://${host}${path}`, {
    method,
    headers: toHeaders(incoming),
    signal,
    ...(hasBody ? { body: bodyOf(incoming, maxBodyBytes), duplex: "half" } : {}),
  });
}

function isEmpty(incoming: IncomingMessage): boolean {
  return incoming.headers["transfer-encoding"] === undefined && (incoming.headers["content-length"] ?? "0") === "0";
}

function toHeaders(incoming: IncomingMessage): Headers {
  const headers = new Headers();
  const raw = incoming.rawHeaders;
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const name = raw[at] ?? "";
    if (!name.startsWith(":")) headers.append(name, raw[at + 1] ?? "");
  }
  return headers;
}

function bodyOf(incoming: IncomingMessage, maxBodyBytes: number): ReadableStream<Uint8Array> {
  const chunks: AsyncIterator<Uint8Array> = incoming[Symbol.asyncIterator]();
  let size = 0;
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const chunk = await chunks.next();
        if (chunk.done === true) return controller.close();
        size += chunk.value.length;
        if (size > maxBodyBytes) throw new SkeinError("too_large", `A body may have ${maxBodyBytes} bytes at most.`);
        controller.enqueue(chunk.value);
      },
    },
    { highWaterMark: 0 },
  );
}
