import type { ErrorCode } from "@skein/protocol";
import { parseWireError } from "@skein/protocol";
import type { z } from "zod";

/** What a suite needs of a server: a way to ask it, in process or over a socket. */
export interface ServerUnderTest {
  readonly url: string;
  readonly token: string;
  fetch(request: Request): Promise<Response>;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: unknown;
}

export interface Caller {
  (method: string, path: string, body?: unknown, headers?: Readonly<Record<string, string>>): Promise<Answer>;
}

/** Requests with the token and a JSON body. A string is sent as it is. */
export function createCaller(server: ServerUnderTest): Caller {
  return async (method, path, body, headers = {}) => {
    const sent = body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) };
    const request = new Request(server.url + path, {
      method,
      headers: {
        authorization: `Bearer ${server.token}`,
        ...(body !== undefined && { "content-type": "application/json" }),
        ...headers,
      },
      ...sent,
    });
    const response = await server.fetch(request);
    const text = await response.text();
    const json = response.headers.get("content-type")?.startsWith("application/json") === true && text !== "";
    return { status: response.status, headers: response.headers, body: json ? JSON.parse(text) : text };
  };
}

/** The body of an answer that must have succeeded. */
export function read<T extends z.ZodType>(schema: T, answer: Answer): z.output<T> {
  if (answer.status >= 300) throw new Error(`${answer.status}: ${JSON.stringify(answer.body)}`);
  return schema.parse(answer.body);
}

/** Status and code of an answer that must have failed. */
export function failure(answer: Answer): {
  readonly status: number;
  readonly code: ErrorCode | undefined;
  readonly message: string;
} {
  const error = parseWireError(answer.body);
  return { status: answer.status, code: error?.code, message: error?.message ?? "" };
}
