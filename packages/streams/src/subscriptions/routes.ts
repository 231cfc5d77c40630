import { z } from "zod";
import { SkeinError } from "@skein/protocol";
import { ack, ackRequest, claim, giveBack, type AckRequest } from "./claims.ts";
import { parseConfig, parseStreams } from "./config.ts";
import { describe } from "./describe.ts";
import type { SubscriptionsContext } from "./context.ts";
import { noSubscription, refusal, type Refusal } from "./errors.ts";
import { bearerOf, claimRequest, json, noContent, parseBody, readJson, refuse, respond } from "./http.ts";
import { addStreams, removeStream, subscribe, unsubscribe } from "./manage.ts";
import { pathOf, RESERVED_ROOT } from "./names.ts";
import type { SubscriptionRecord } from "./records.ts";
import { jwkOf, signingKey } from "./signing.ts";

const ID = /^[A-Za-z0-9._~:@-]{1,200}$/;
const PREFIX = `${RESERVED_ROOT}subscriptions/`;

const streamsRequest = z.object({ streams: z.array(z.string()).min(1).max(1000) });

/** What a request's path means; `undefined`: nothing. */
export type SubscriptionRoute =
  | { readonly kind: "jwks" }
  | { readonly kind: "base" | "streams" | "claim" | "ack" | "callback" | "release"; readonly id: string }
  | { readonly kind: "stream"; readonly id: string; readonly name: string };

export function parseRoute(pathname: string): SubscriptionRoute | undefined {
  if (pathname === `${RESERVED_ROOT}jwks.json`) return { kind: "jwks" };
  if (!pathname.startsWith(PREFIX)) return undefined;
  const [first = "", action, ...rest] = pathname.slice(PREFIX.length).split("/");
  const id = decode(first);
  if (id === undefined || !ID.test(id)) return undefined;
  if (action === undefined) return { kind: "base", id };
  if (action === "streams" && rest.length > 0) {
    const name = decode(rest.join("/"));
    return name === undefined ? undefined : { kind: "stream", id, name };
  }
  if (rest.length > 0) return undefined;
  switch (action) {
    case "streams":
    case "claim":
    case "ack":
    case "callback":
    case "release":
      return { kind: action, id };
    default:
      return undefined;
  }
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

/** Answers every request under `/v1/stream/__ds/`. */
export async function handleSubscriptions(context: SubscriptionsContext, request: Request): Promise<Response> {
  const url = new URL(request.url);
  const route = parseRoute(url.pathname);
  if (route === undefined) return refuse(refusal("SUBSCRIPTION_NOT_FOUND", "There is nothing at this path."));
  try {
    return await answer(context, request, route, url.origin);
  } catch (error) {
    if (error instanceof SkeinError && error.code === "too_large") return refuse(refusal("TOO_LARGE", error.message));
    throw error;
  }
}

async function answer(
  context: SubscriptionsContext,
  request: Request,
  route: SubscriptionRoute,
  origin: string,
): Promise<Response> {
  const asked = `${request.method} ${route.kind}`;
  if (route.kind === "jwks") {
    if (request.method !== "GET") return notAllowed("GET");
    const jwks = JSON.stringify({ keys: [jwkOf(await signingKey(context.store))] });
    return new Response(jwks, {
      headers: { "content-type": "application/jwk-set+json", "cache-control": "public, max-age=300" },
    });
  }
  if (asked === "PUT base") return create(context, request, route.id, origin);
  if (asked === "GET base") {
    return withSubscription(context, route.id, async (found) => json(200, await describe(context, found, origin)));
  }
  if (asked === "DELETE base") return noContent(await unsubscribe(context, route.id));
  if (asked === "POST streams") return add(context, request, route.id);
  if (route.kind === "stream" && request.method === "DELETE") {
    const path = pathOf(route.name, context);
    return path === undefined ? refuse(badName(route.name)) : noContent(await removeStream(context, route.id, path));
  }
  if (request.method !== "POST") return notAllowed(route.kind === "base" ? "GET, PUT, DELETE" : "POST");
  if (route.kind === "claim") return take(context, request, route.id);
  return underClaim(context, request, { kind: route.kind, id: route.id });
}

async function create(context: SubscriptionsContext, request: Request, id: string, origin: string): Promise<Response> {
  const body = await readJson(request);
  if (body.kind === "refused") return refuse(body);
  const config = parseConfig(body.value, context);
  if (config.kind === "refused") return refuse(config);
  const made = await subscribe(context, id, { config: config.config, hash: config.hash, origin });
  if (made.kind === "refused") return refuse(made);
  const { subscription, created } = made.value;
  return json(created ? 201 : 200, await describe(context, subscription, origin));
}

async function add(context: SubscriptionsContext, request: Request, id: string): Promise<Response> {
  const body = await parseBody(request, streamsRequest);
  if (body.kind === "refused") return refuse(body);
  const paths = parseStreams(body.value.streams, context);
  return "kind" in paths ? refuse(paths) : noContent(await addStreams(context, id, paths));
}

async function take(context: SubscriptionsContext, request: Request, id: string): Promise<Response> {
  const body = await parseBody(request, claimRequest);
  if (body.kind === "refused") return refuse(body);
  return withSubscription(context, id, async (subscription) => {
    if (subscription.type !== "pull-wake" || subscription.entityType !== undefined) {
      return refuse(refusal("INVALID_REQUEST", "What is to be claimed is told with each wake of this subscription."));
    }
    const { worker, stream } = body.value;
    const path = stream === undefined ? undefined : pathOf(stream, context);
    if (stream !== undefined && path === undefined) return refuse(badName(stream));
    const order = { worker, ...(path !== undefined && { path }) };
    return respond(await claim(context, subscription, order));
  });
}

/** `ack`, `callback` and `release`: the claim's token is what allows them. */
async function underClaim(
  context: SubscriptionsContext,
  request: Request,
  { kind, id }: { readonly kind: "ack" | "callback" | "release" | "streams" | "base" | "stream"; readonly id: string },
): Promise<Response> {
  const token = bearerOf(request);
  if (token === undefined)
    return refuse(refusal("TOKEN_INVALID", "This needs the claim's token: Authorization: Bearer …"));
  const body = await parseBody<AckRequest>(request, ackRequest);
  if (body.kind === "refused") return refuse(body);
  if (kind === "release") return noContent(await giveBack(context, id, token, body.value));
  if (kind !== "ack" && kind !== "callback") return notAllowed("DELETE");
  return respond(await ack(context, id, token, body.value));
}

async function withSubscription(
  { store }: SubscriptionsContext,
  id: string,
  act: (subscription: SubscriptionRecord) => Promise<Response>,
): Promise<Response> {
  const record = await store.getRecord<SubscriptionRecord>("ds_subscriptions", id);
  return record === undefined ? refuse(noSubscription(id)) : act(record.value);
}

function notAllowed(allow: string): Response {
  const response = refuse(refusal("METHOD_NOT_ALLOWED", `Only ${allow} is for this path.`));
  response.headers.set("allow", allow);
  return response;
}

function badName(name: string): Refusal {
  return refusal("INVALID_REQUEST", `${JSON.stringify(name)} is not the name of a stream.`);
}
