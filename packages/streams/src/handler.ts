import { normalisePath, SkeinError } from "@skein/protocol";
import { append } from "./append.ts";
import { catchUp, missing, readBackwards } from "./catch-up.ts";
import type { CorsPolicy, StreamAction, StreamRequest, StreamsCall, StreamsContext, StreamsDeps } from "./context.ts";
import { create } from "./create.ts";
import { Ending } from "./ending.ts";
import { follow, type FollowHandler } from "./follow.ts";
import { createHub } from "./hub.ts";
import { longPoll } from "./long-poll.ts";
import { ACCEPTED_HEADERS, EXPOSED_HEADERS, METHODS } from "./protocol.ts";
import { parseReadQuery } from "./read-query.ts";
import { rejectionResponse } from "./rejections.ts";
import { empty, errorResponse, lifetimeHeaders, refuse, tailHeaders } from "./responses.ts";
import { serverSentEvents } from "./sse.ts";
import type { SubscriptionsDeps } from "./subscriptions/context.ts";
import { isReserved } from "./subscriptions/names.ts";
import { createSubscriptions, type Subscriptions } from "./subscriptions/subscriptions.ts";

/**
 * The Durable Streams protocol over a store. `path` is the stream's path in the store (default: the request's);
 * `call` says what may be done there. Never rejects: an unexpected failure is a 500 and goes to `onError`.
 */
export type StreamsHandler = (request: Request, path?: string, call?: StreamsCall) => Promise<Response>;

const MAX_PATH_LENGTH = 1024;

/** Both doors over one hub: make it once per process, so that all readers of a stream share what is read for them. */
export interface Streams {
  readonly handle: StreamsHandler;
  /** Several streams in one response. */
  readonly follow: FollowHandler;
  /** Absent when the streams were made without. */
  readonly subscriptions: Subscriptions | undefined;
}

export function createStreams(deps: StreamsDeps): Streams {
  const subscriptions = deps.subscriptions && createSubscriptions(subscriptionsDeps(deps, deps.subscriptions));
  // Whoever appends through another store than this one is not noticed.
  const context = createContext({ ...deps, store: subscriptions?.store ?? deps.store });
  const common = commonHeaders(deps.cors);
  const finish = (response: Response) => {
    for (const [name, value] of common) response.headers.set(name, value);
    return response;
  };
  return {
    handle: async (request, path, call = {}) => finish(await respond(context, request, { path, call, subscriptions })),
    follow: (request, targets) => finish(follow(context, request, targets)),
    subscriptions,
  };
}

function subscriptionsDeps(
  { store, signal, onError }: StreamsDeps,
  options: NonNullable<StreamsDeps["subscriptions"]>,
): SubscriptionsDeps {
  const ends = [signal, options.signal].filter((one) => one !== undefined);
  return { store, ...(onError && { onError }), ...options, signal: AbortSignal.any(ends) };
}

/** The streams' door alone. */
export function createStreamsHandler(deps: StreamsDeps): StreamsHandler {
  return createStreams(deps).handle;
}

function createContext(deps: StreamsDeps): StreamsContext {
  return {
    store: deps.store,
    hub: createHub(deps.store),
    cors: deps.cors,
    ending: Ending.of(deps.signal),
    caching: deps.caching ?? "private",
    longPollMs: deps.longPollMs ?? 20_000,
    sseMs: deps.sseMs ?? 60_000,
    keepAliveMs: deps.keepAliveMs ?? 15_000,
    chunkBytes: deps.chunkBytes ?? 1024 * 1024,
    maxResponseBytes: deps.maxResponseBytes ?? 64 * 1024 * 1024,
    maxBodyBytes: deps.maxBodyBytes ?? 8 * 1024 * 1024,
    random: deps.random ?? Math.random,
    observe: deps.observe ?? (() => undefined),
    // eslint-disable-next-line no-console -- the last way out: an error is never lost
    onError: deps.onError ?? ((error) => console.error(error)),
  };
}

async function respond(
  context: StreamsContext,
  request: Request,
  {
    path,
    call,
    subscriptions,
  }: { path: string | undefined; call: StreamsCall; subscriptions?: Subscriptions | undefined },
): Promise<Response> {
  try {
    const url = new URL(request.url);
    if (isReserved(path ?? url.pathname)) return await reserved(subscriptions, request);
    const streamPath = path ?? normalisePath(url.pathname);
    if (streamPath.length > MAX_PATH_LENGTH) throw new SkeinError("invalid_request", "The stream's path is too long.");
    return await dispatch(context, { request, url, path: streamPath, call });
  } catch (error) {
    if (error instanceof SkeinError && error.code !== "internal") return errorResponse(error);
    context.onError(error);
    return refuse("internal", "The server failed; it may be tried again.");
  }
}

/** The protocol's own paths: never streams, whether subscriptions are there or not. */
async function reserved(subscriptions: Subscriptions | undefined, request: Request): Promise<Response> {
  if (request.method === "OPTIONS") return empty(204, { allow: METHODS });
  if (subscriptions === undefined) return refuse("not_found", "This server has no subscriptions.");
  return subscriptions.handle(request);
}

const ACTIONS: Readonly<Record<string, StreamAction>> = {
  GET: "read",
  HEAD: "read",
  PUT: "create",
  POST: "append",
  DELETE: "delete",
};

async function dispatch(context: StreamsContext, incoming: StreamRequest): Promise<Response> {
  const { method } = incoming.request;
  if (method === "OPTIONS") return empty(204, { allow: METHODS });
  const action = ACTIONS[method];
  if (action === undefined || incoming.call.allow?.includes(action) === false) {
    return refuse("method_not_allowed", `${method} is not for this stream.`, { allow: allowed(incoming.call) });
  }
  switch (action) {
    case "create":
      return create(context, incoming);
    case "append":
      return append(context, incoming);
    case "delete":
      return remove(context, incoming);
    case "read":
      return method === "HEAD" ? inspect(context, incoming) : read(context, incoming);
  }
}

function allowed(call: StreamsCall): string {
  const methods = Object.entries(ACTIONS).filter(([, action]) => call.allow?.includes(action) !== false);
  return [...methods.map(([method]) => method), "OPTIONS"].join(", ");
}

function read(context: StreamsContext, incoming: StreamRequest): Promise<Response> {
  const query = parseReadQuery(incoming.url.searchParams);
  switch (query.kind) {
    case "catch-up":
      return catchUp(context, incoming, query.start);
    case "long-poll":
      return longPoll(context, incoming, query);
    case "sse":
      return serverSentEvents(context, incoming, query);
    case "last":
    case "before":
      return readBackwards(context, incoming, query);
  }
}

/** HEAD: where the stream ends and how long it lives. Does not count as a read. */
async function inspect(context: StreamsContext, { path }: StreamRequest): Promise<Response> {
  const stream = await context.store.getStream(path);
  if (stream === undefined || stream.deleted) return missing({ kind: stream === undefined ? "not-found" : "gone" });
  return empty(200, {
    ...tailHeaders(stream),
    ...lifetimeHeaders(stream),
    "content-type": stream.contentType,
    "cache-control": "no-store",
  });
}

async function remove(context: StreamsContext, { path }: StreamRequest): Promise<Response> {
  const outcome = await context.store.commit([{ kind: "delete-stream", path, ifMissing: "fail" }]);
  return outcome.kind === "rejected" ? rejectionResponse(outcome.reason) : empty(204, {});
}

/** On every response, errors included. */
function commonHeaders(cors: CorsPolicy | undefined): [string, string][] {
  const security: [string, string][] = [
    ["x-content-type-options", "nosniff"],
    ["cross-origin-resource-policy", cors === undefined ? "same-origin" : "cross-origin"],
  ];
  if (cors === undefined) return security;
  return [
    ...security,
    ["access-control-allow-origin", cors.origin],
    ["access-control-allow-methods", METHODS],
    ["access-control-allow-headers", ACCEPTED_HEADERS.join(", ")],
    ["access-control-expose-headers", EXPOSED_HEADERS.join(", ")],
    ...(cors.origin === "*" ? [] : [["vary", "origin"] satisfies [string, string]]),
  ];
}
