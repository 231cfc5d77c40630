import { parseWireError, SkeinError } from "@skein/protocol";
import type { z } from "zod";

/** `globalThis.fetch`, or a server's own `fetch` for the same without a socket. */
export type Fetch = (request: Request) => Promise<Response>;

export interface ConnectionOptions {
  readonly fetch?: Fetch;
  /** An origin, such as `http://127.0.0.1:4437`. */
  readonly baseUrl: string;
  /** Absent in the browser, where the cookie signs in. */
  readonly token?: string | undefined;
}

export interface RequestOptions {
  readonly query?: Readonly<Record<string, string | number | undefined>>;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Sent as it is, instead of a JSON body. */
  readonly bytes?: { readonly type: string; readonly content: Uint8Array };
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
}

export interface Transport {
  /** Answers only successful responses; everything else rejects with a `SkeinError`, or the signal's reason. */
  request(method: string, path: string, options?: RequestOptions): Promise<Response>;
  json<Schema extends z.ZodType>(
    schema: Schema,
    method: string,
    path: string,
    options?: RequestOptions,
  ): Promise<z.output<Schema>>;
}

export function createTransport({ fetch = globalThis.fetch, baseUrl, token }: ConnectionOptions): Transport {
  const request: Transport["request"] = async (method, path, options = {}) => {
    const { query = {}, signal } = options;
    const url = new URL(path, baseUrl);
    for (const [name, value] of Object.entries(query)) {
      if (value !== undefined) url.searchParams.set(name, String(value));
    }
    const headers = new Headers(options.headers);
    if (token !== undefined) headers.set("authorization", `Bearer ${token}`);
    const body = bodyOf(options);
    if (body !== undefined) headers.set("content-type", body.type);
    let response: Response;
    try {
      response = await fetch(
        new Request(url, {
          method,
          headers,
          ...(body === undefined ? {} : { body: body.content }),
          ...(signal === undefined ? {} : { signal }),
        }),
      );
    } catch (cause) {
      if (signal?.aborted) throw signal.reason;
      throw new SkeinError("unavailable", `The server at ${url.origin} cannot be reached.`, { cause });
    }
    if (response.ok) return response;
    throw await readError(response, `${method} ${path}`);
  };

  return {
    request,
    async json(schema, method, path, options = {}) {
      const body = await withOwnSignal(options.signal, async (signal) =>
        readJson(await request(method, path, { ...options, signal })),
      );
      const parsed = schema.safeParse(body);
      if (parsed.success) return parsed.data;
      throw new SkeinError("internal", `${method} ${path}: the server's answer is not of the expected form.`, {
        details: parsed.error.issues,
      });
    },
  };
}

function bodyOf({
  body,
  bytes,
}: RequestOptions): { type: string; content: string | Uint8Array<ArrayBuffer> } | undefined {
  if (bytes !== undefined) return { type: bytes.type, content: Uint8Array.from(bytes.content) };
  return body === undefined ? undefined : { type: "application/json", content: JSON.stringify(body) };
}

/**
 * A signal for one request, which follows another: a `Request` may keep its listener until it is collected, and a
 * handler's signal lives through thousands of requests.
 */
export async function withOwnSignal<T>(
  outer: AbortSignal | undefined,
  call: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  const abort = (): void => controller.abort(outer?.reason);
  outer?.addEventListener("abort", abort, { once: true });
  if (outer?.aborted) abort();
  try {
    return await call(controller.signal);
  } finally {
    outer?.removeEventListener("abort", abort);
  }
}

/** Whether trying the same again later may help. */
export function isTransient(error: unknown): boolean {
  return error instanceof SkeinError && (error.code === "unavailable" || error.code === "internal");
}

const MAX_INTERNAL = 5;

/**
 * For requests that must get through: a server that cannot be reached is tried for as long as the caller lasts, one
 * that answers with an internal error only a few times, since that may be what it says to this request for ever.
 */
export function createRetryJudge(): (error: unknown) => boolean {
  let internal = 0;
  return (error) => {
    if (!isTransient(error)) return false;
    if (error instanceof SkeinError && error.code === "internal") internal += 1;
    return internal <= MAX_INTERNAL;
  };
}

export async function readJson(response: Response): Promise<unknown> {
  let text: string;
  try {
    text = await response.text();
  } catch (cause) {
    throw new SkeinError("unavailable", "The connection broke in the middle of an answer.", { cause });
  }
  return parseJson(text);
}

export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new SkeinError("internal", "The server's answer is not JSON.", { cause });
  }
}

async function readError(response: Response, what: string): Promise<SkeinError> {
  const text = await response.text().catch(() => "");
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    body = undefined;
  }
  return parseWireError(body) ?? foreignError(response.status, what);
}

/** An answer that is not from a Skein server, such as a proxy's in front of it. */
function foreignError(status: number, what: string): SkeinError {
  const message = `${what} was answered with status ${status}.`;
  if (status >= 500 || status === 429 || status === 408) return new SkeinError("unavailable", message);
  if (status === 401) return new SkeinError("unauthorized", message);
  if (status === 403) return new SkeinError("forbidden", message);
  if (status === 404) return new SkeinError("not_found", message);
  if (status === 410) return new SkeinError("stream_gone", message);
  return new SkeinError("invalid_request", message);
}
