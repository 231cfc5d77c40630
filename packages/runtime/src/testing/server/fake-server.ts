import { normalisePath, SkeinError } from "@skein/protocol";
import type { z } from "zod";
import type { Clock, Fetch } from "../../client/index.ts";
import { systemClock } from "../../client/index.ts";
import { errorResponse } from "./errors.ts";
import { ROUTES, type Asked } from "./routes.ts";
import { createFakeState, type FakeState } from "./state.ts";
import { carryOut } from "./time.ts";

/** What the real server answers to a runner and its clients, from memory: docs/design/runtime.md. */
export interface FakeServer {
  readonly url: string;
  readonly token: string;
  readonly fetch: Fetch;
  readonly state: FakeState;
}

export interface FakeServerOptions {
  readonly clock?: Clock;
  /** Default: 30,000. */
  readonly leaseMs?: number;
  /** Who asks, whatever the token. Default: `user:test`. */
  readonly principal?: string;
}

const URL_OF_FAKE = "http://skein.test";

export function createFakeServer({
  clock = systemClock,
  leaseMs = 30_000,
  principal = "user:test",
}: FakeServerOptions = {}): FakeServer {
  const state = createFakeState({ clock, leaseMs });
  return {
    url: URL_OF_FAKE,
    token: "test-token",
    state,
    async fetch(request) {
      try {
        return await answer(state, request, principal);
      } catch (error) {
        if (error instanceof SkeinError) return errorResponse(error);
        throw error;
      }
    },
  };
}

async function answer(state: FakeState, request: Request, principal: string): Promise<Response> {
  const { pathname } = new URL(request.url);
  const path = normalisePath(pathname);
  if (path.includes("%")) throw new SkeinError("invalid_request", "This path cannot be used: it has escapes (%).");
  for (const { method, pattern, answer: handle } of ROUTES) {
    const match = method === request.method ? pattern.exec(path) : null;
    if (!match) continue;
    const stamp = { principal, now: state.clock.now() };
    const json: Asked["json"] = (schema) => readBody(request, schema);
    const answered = await handle({ state, request, path, params: match.slice(1), stamp, json });
    carryOut(state);
    return answered instanceof Response ? answered : Response.json(answered);
  }
  throw new SkeinError("not_found", `There is nothing at ${path}.`);
}

async function readBody<T extends z.ZodType>(request: Request, schema: T): Promise<z.output<T>> {
  const text = await request.text();
  let body: unknown;
  try {
    body = text === "" ? {} : JSON.parse(text);
  } catch (cause) {
    throw new SkeinError("malformed_json", "The body is not JSON.", { cause });
  }
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  throw new SkeinError("invalid_request", `The body is not understood: ${parsed.error.message}`);
}
