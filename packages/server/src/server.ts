import { normalisePath, PREFIX, SkeinError } from "@skein/protocol";
import type { Store } from "@skein/store";
import type { Streams, StreamsDeps } from "@skein/streams";
import { authRoutes } from "./auth/routes.ts";
import { guard, type GuardOptions } from "./auth/guard.ts";
import { randomSecret } from "./auth/secrets.ts";
import type { Auth } from "./auth/token.ts";
import type { LogEvent, ServerContext } from "./context.ts";
import { inboxesOf, mayLink } from "./dispatch/entity-names.ts";
import { createEntityUnits } from "./dispatch/entity-units.ts";
import { dispatchRoutes } from "./dispatch/routes.ts";
import { forkRoutes } from "./forks/routes.ts";
import { takeOverRoutes } from "./resources/take-over.ts";
import { entityRoutes } from "./entities/routes.ts";
import { createSchemaChecker } from "./entities/schema.ts";
import { errorResponse, json } from "./http/errors.ts";
import { checkPath, createRouter, type Router } from "./http/router.ts";
import type { StaticFiles } from "./http/static.ts";
import type { Metrics } from "./metrics/prometheus.ts";
import { metricsRoutes } from "./metrics/routes.ts";
import type { Observe } from "./observe.ts";
import { createNewsStore } from "./observers/news-store.ts";
import { pushRoutes } from "./push/routes.ts";
import type { PushService } from "./push/send.ts";
import { watchForPush } from "./push/watch.ts";
import { followRoutes } from "./resources/follow.ts";
import { resourceRoutes } from "./resources/routes.ts";
import { runnerRoutes } from "./runners/routes.ts";
import { createBackground } from "./schedules/background.ts";
import { asGuest } from "./shares/as-guest.ts";
import { shareToken } from "./shares/guest.ts";
import { shareRoutes } from "./shares/routes.ts";
import { sessionRoutes } from "./sessions/routes.ts";
import { claimRoutes } from "./wakes/routes.ts";

export interface ServerDeps {
  /** Opened with `SERVER_COLLECTIONS`. Its clock judges leases. */
  readonly store: Store;
  /** Makes the Durable Streams protocol over the same store, with these subscriptions. */
  readonly streams: (subscriptions: NonNullable<StreamsDeps["subscriptions"]>) => Streams;
  readonly auth: Auth;
  /** Which names the server answers to. Asked for each request: with port 0 it is known only after listening. */
  readonly guard: () => GuardOptions;
  /** New unique ids that sort by time. Default: time and 80 random bits. */
  readonly id?: () => string;
  /** New secrets (claim ids). Default: 256 random bits. */
  readonly secret?: () => string;
  /** How long a claim holds without a heartbeat. Default 30 s. */
  readonly leaseMs?: number;
  /** A runner that was not heard of for this long is offline. Default 30 s. */
  readonly runnerTimeoutMs?: number;
  /** The web app. Without it, `/` is not found. */
  readonly staticFiles?: StaticFiles;
  readonly version?: string;
  readonly log?: (event: LogEvent) => void;
  /** Told of what goes on, for metrics. */
  readonly observe?: Observe;
  /** Tells browsers what waits and what has finished. Without it, they cannot subscribe. */
  readonly push?: PushService;
  /** What `GET /metrics` answers. Without it, it is not found. */
  readonly metrics?: Pick<Metrics, "render">;
}

export interface Server {
  /** Answers one request; never rejects. */
  fetch(request: Request): Promise<Response>;
  /** Ends everything that waits. The store is its owner's to close. */
  close(): void;
}

/** The whole HTTP surface, as a function over a store: no state of its own, so any number may share one. */
export function createServer(deps: ServerDeps): Server {
  const closing = new AbortController();
  const schemas = createSchemaChecker();
  // Asked for when there is work, which is after all of this is made.
  const units = createEntityUnits(() => context);
  const log = deps.log ?? (() => undefined);
  const streams = deps.streams({
    entities: units,
    // What is appended leaves news for those who observe it.
    wrap: createNewsStore,
    mayLink,
    entityPattern: inboxesOf,
    signal: closing.signal,
    onError: (error) => log({ level: "error", message: "Subscriptions failed; they go on in a moment.", error }),
  });
  const context: ServerContext = {
    // What is appended through it is noticed by subscriptions, in the same commit.
    store: streams.subscriptions?.store ?? createNewsStore(deps.store),
    streams,
    schemas,
    get background() {
      return background;
    },
    rules: { check: (schema, value) => schemas.check(schema, value), id: deps.id ?? (() => timeId(deps.store.now())) },
    secret: deps.secret ?? randomSecret,
    leaseMs: deps.leaseMs ?? 30_000,
    runnerTimeoutMs: deps.runnerTimeoutMs ?? 30_000,
    signal: closing.signal,
    log,
    observe: deps.observe ?? (() => undefined),
  };
  const background = createBackground(context);
  const router = createRouter([
    {
      method: "GET",
      pattern: `${PREFIX}/health`,
      public: true,
      handle: () => json({ status: "ok", version: deps.version ?? "0.1.0" }),
    },
    ...authRoutes(deps.auth),
    ...metricsRoutes(context, deps.metrics),
    ...runnerRoutes(context),
    ...sessionRoutes(context),
    ...shareRoutes(context),
    ...(deps.push ? pushRoutes(context) : []),
    ...dispatchRoutes(context, units),
    ...resourceRoutes(context),
    ...followRoutes(context),
    ...entityRoutes(context),
    ...forkRoutes(context),
    ...takeOverRoutes(context),
    ...claimRoutes(context),
  ]);
  if (deps.push) watchForPush({ store: context.store, service: deps.push, signal: closing.signal, log });
  return {
    fetch: (request) => answer(deps, context, router, request),
    close: () => closing.abort(),
  };
}

async function answer(deps: ServerDeps, context: ServerContext, router: Router, request: Request): Promise<Response> {
  const began = performance.now();
  const seen: Seen = { route: "none" };
  let response: Response;
  try {
    response = await route(deps, context, router, request, seen);
  } catch (error) {
    const known = toSkeinError(context, request, error);
    context.observe({ kind: "refused", code: known.code });
    response = errorResponse(known);
  }
  const { method } = request;
  const ms = performance.now() - began;
  context.observe({ kind: "request", method, route: seen.route, status: response.status, ms });
  response.headers.set("x-content-type-options", "nosniff");
  response.headers.set("referrer-policy", "no-referrer");
  return response;
}

/** Names of streams are a part of these paths, and so escaped. */
const SUBSCRIPTIONS = "/v1/stream/__ds/subscriptions/";

/** What became known of a request on its way. */
interface Seen {
  route: string;
}

async function route(
  deps: ServerDeps,
  context: ServerContext,
  router: Router,
  request: Request,
  seen: Seen,
): Promise<Response> {
  const refused = guard(request, deps.guard());
  if (refused) throw refused;
  const url = new URL(request.url);
  const file = await deps.staticFiles?.serve(request, url.pathname);
  if (file) {
    seen.route = "app";
    return file;
  }

  const path = normalisePath(url.pathname);
  const match = router.match(request.method, path);
  if (match && "route" in match) seen.route = match.route.pattern;
  const token = shareToken(request);
  if (token !== undefined && !(match && "route" in match && match.route.public)) {
    return asGuest(context.store, token, { request, url, path }, match);
  }
  if (!match || "allow" in match || !match.route.public) {
    // Whether something is there is told to those only who may know.
    const known = deps.auth.authenticate(request);
    if ("error" in known) throw known.error;
    const badPath = path.startsWith(SUBSCRIPTIONS) ? undefined : checkPath(path);
    if (badPath) throw badPath;
    if (!match) throw new SkeinError("not_found", `There is nothing at ${path}.`);
    if ("allow" in match) {
      const error = new SkeinError("method_not_allowed", `${request.method} is not for ${path}.`);
      return errorResponse(error, { allow: match.allow.join(", ") });
    }
    return match.route.handle({ request, url, path, params: match.params, principal: known.principal });
  }
  return match.route.handle({ request, url, path, params: match.params, principal: "service:public" });
}

function toSkeinError(context: ServerContext, request: Request, error: unknown): SkeinError {
  if (error instanceof SkeinError && error.code !== "internal") return error;
  // Whoever hung up in the middle of a body is no failure of ours, and reads no answer.
  if (request.signal.aborted) return new SkeinError("unavailable", "The request was given up.");
  context.log({ level: "error", message: "A request failed unexpectedly.", error });
  return new SkeinError("internal", "The server failed. What it did is in its log; the request may be tried again.");
}

/** Sorts by time, for people who read logs; uniqueness comes from the random part. */
function timeId(now: number): string {
  return `${now.toString(36).padStart(9, "0")}${randomSecret().replaceAll(/[-_]/g, "").slice(0, 14).toLowerCase()}`;
}
