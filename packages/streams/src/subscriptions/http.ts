import { z } from "zod";
import { readBody } from "../body.ts";
import { refusal, REFUSAL_STATUS, type Outcome, type Refusal } from "./errors.ts";

/** Requests and answers as the protocol of subscriptions has them; also for those who serve units of their own. */
const MAX_BODY = 1024 * 1024;

export const claimRequest = z.object({ worker: z.string().min(1).max(256), stream: z.string().max(1024).optional() });

export function bearerOf(request: Request): string | undefined {
  return /^Bearer +(\S{1,512})$/i.exec(request.headers.get("authorization") ?? "")?.[1];
}

export async function readJson(request: Request): Promise<Outcome<unknown>> {
  const bytes = await readBody(request, MAX_BODY);
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return { kind: "done", value: text === "" ? {} : JSON.parse(text) };
  } catch {
    return refusal("INVALID_REQUEST", "The body is not JSON.");
  }
}

export async function parseBody<T>(request: Request, schema: z.ZodType<T>): Promise<Outcome<T>> {
  const body = await readJson(request);
  if (body.kind === "refused") return body;
  const parsed = schema.safeParse(body.value);
  return parsed.success
    ? { kind: "done", value: parsed.data }
    : refusal("INVALID_REQUEST", z.prettifyError(parsed.error));
}

export function respond(outcome: Outcome<unknown>): Response {
  return outcome.kind === "refused" ? refuse(outcome) : json(200, outcome.value);
}

export function noContent(outcome: Outcome<undefined>): Response {
  if (outcome.kind === "refused") return refuse(outcome);
  return new Response(null, { status: 204, headers: { "cache-control": "no-store" } });
}

export function refuse({ code, message, more }: Refusal): Response {
  return json(REFUSAL_STATUS[code], { error: { code, message, ...more } });
}

export function json(status: number, body: unknown): Response {
  return Response.json(body, { status, headers: { "cache-control": "no-store" } });
}
