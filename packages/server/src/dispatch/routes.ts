import { formatOffset, mainStream } from "@skein/protocol";
import {
  ackRequest,
  bearerOf,
  claimRequest,
  noContent,
  parseBody,
  refusal,
  refuse,
  respond,
  type AckRequest,
  type EntityUnits,
} from "@skein/streams";
import type { ServerContext } from "../context.ts";
import { json } from "../http/errors.ts";
import { param, type Route, type RouteRequest } from "../http/router.ts";
import type { WakeRecord } from "../records/collections.ts";
import { entityOfSubscription, subscriptionIdOf } from "./entity-names.ts";
import { claimInbox } from "./entity-units.ts";

const ROOT = "/v1/stream/__ds";
const ONE = `${ROOT}/subscriptions/:subscription`;

/**
 * The protocol's subscriptions. Who makes and who claims needs the server's token; who has claimed shows the claim's
 * own, which is what `Authorization` holds then; and the public key is public.
 */
export function dispatchRoutes(context: ServerContext, units: EntityUnits): Route[] {
  const handle = ({ request, path }: RouteRequest): Promise<Response> => context.streams.handle(request, path);
  const underClaim = (action: "ack" | "callback" | "release"): Route => ({
    method: "POST",
    pattern: `${ONE}/${action}`,
    public: true,
    handle: (route) => (isEntity(route) ? endOrRenew(units, route, action) : handle(route)),
  });
  return [
    { method: "GET", pattern: `${ROOT}/jwks.json`, public: true, handle },
    underClaim("ack"),
    underClaim("callback"),
    underClaim("release"),
    {
      method: "POST",
      pattern: `${ONE}/claim`,
      handle: (route) => (isEntity(route) ? claimOne(context, route) : handle(route)),
    },
    { method: "GET", pattern: ONE, handle: (route) => (isEntity(route) ? show(context, route) : handle(route)) },
    { method: "PUT", pattern: ONE, handle: (route) => (isEntity(route) ? always() : handle(route)) },
    { method: "DELETE", pattern: ONE, handle: (route) => (isEntity(route) ? always() : handle(route)) },
    { method: "POST", pattern: `${ONE}/streams`, handle: (route) => (isEntity(route) ? always() : handle(route)) },
    {
      method: "DELETE",
      pattern: `${ONE}/streams/*stream`,
      handle: (route) => (isEntity(route) ? always() : handle(route)),
    },
  ];
}

function nameOf(route: RouteRequest): string {
  const written = param(route, "subscription");
  try {
    return decodeURIComponent(written);
  } catch {
    return written;
  }
}

/** Ids that begin so are the entities' own. */
function isEntity(route: RouteRequest): boolean {
  return nameOf(route).startsWith("entity:");
}

function always(): Response {
  return refuse(refusal("INVALID_REQUEST", "An entity's subscription is there as long as the entity lives."));
}

function missing(): Response {
  return refuse(refusal("SUBSCRIPTION_NOT_FOUND", "There is no such living entity."));
}

async function show({ store, leaseMs }: ServerContext, route: RouteRequest): Promise<Response> {
  const url = entityOfSubscription(nameOf(route));
  const wake = url === undefined ? undefined : (await store.getRecord<WakeRecord>("wakes", url))?.value;
  if (url === undefined || wake === undefined) return missing();
  const main = mainStream(url);
  const id = subscriptionIdOf(url);
  return json({
    id,
    subscription_id: id,
    type: "pull-wake",
    entity: url,
    streams: [
      {
        path: main,
        link_type: "explicit",
        acked_offset: formatOffset(wake.acked),
        tail_offset: formatOffset((await store.getStream(main))?.head ?? 0),
        has_pending: wake.state !== "idle",
      },
    ],
    lease_ttl_ms: leaseMs,
    lease_scope: "subscription",
    status: "active",
  });
}

async function claimOne(context: ServerContext, route: RouteRequest): Promise<Response> {
  const body = await parseBody(route.request, claimRequest);
  if (body.kind === "refused") return refuse(body);
  const url = entityOfSubscription(nameOf(route));
  if (url === undefined) return missing();
  return respond(await claimInbox(context, mainStream(url), { worker: body.value.worker }));
}

async function endOrRenew(
  units: EntityUnits,
  route: RouteRequest,
  action: "ack" | "callback" | "release",
): Promise<Response> {
  const token = bearerOf(route.request);
  if (token === undefined) return refuse(refusal("TOKEN_INVALID", "This needs the claim's token."));
  const body = await parseBody<AckRequest>(route.request, ackRequest);
  if (body.kind === "refused") return refuse(body);
  const id = nameOf(route);
  if (action === "release") return noContent(await units.release(id, token, body.value));
  return respond(await units.ack(id, token, body.value));
}
