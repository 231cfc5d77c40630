import {
  callRequest,
  callResult,
  claimCommit,
  claimLive,
  ENTITY_ID,
  entityAmendment,
  entityStatus,
  entityTypeAmendment,
  entityTypeRegistration,
  heartbeatRequest,
  inboxEdit,
  message,
  PREFIX,
  pollRequest,
  runnerRegistration,
  signalRequest,
  SkeinError,
  spawnRequest,
  tags,
} from "@skein/protocol";
import { z } from "zod";
import { admitAll, admitSpawn } from "./admission.ts";
import { commitClaim } from "./commit.ts";
import { heartbeat, shownEntity } from "./dispatch.ts";
import { changeDispatch, changeTags, kill, listEntities, send, signal, spawn } from "./entities.ts";
import { changeMessage } from "./messages.ts";
import { isOnline, mayTake } from "./placement.ts";
import { appendLive, answerMain, answerResource, putBlob } from "./resources.ts";
import {
  answerCall,
  callRunner,
  poll,
  registerRunner,
  requireRunner,
  shownRunner,
  unregisterRunner,
} from "./runners.ts";
import type { FakeEntity, FakeState, Stamp } from "./state.ts";
import { makeStream, requireEntity } from "./state.ts";
import { answerRead } from "./streams.ts";
import { amendType, checkRegistration, registerType } from "./types.ts";

/** What a route is given: the request, the places of its pattern, and who asks. */
export interface Asked {
  readonly state: FakeState;
  readonly request: Request;
  readonly path: string;
  readonly params: readonly string[];
  readonly stamp: Stamp;
  json<T extends z.ZodType>(schema: T): Promise<z.output<T>>;
}

export interface FakeRoute {
  readonly method: string;
  readonly pattern: RegExp;
  readonly answer: (asked: Asked) => unknown;
}

const none = (): Response => new Response(null, { status: 204 });
const entityPath = (rest: string): RegExp => new RegExp(`^(/[^/_][^/]*/[^/]+)${rest}$`);
const under = (rest: string): RegExp => new RegExp(`^${PREFIX}${rest}$`);
const at = ({ params }: Asked, index = 0): string => params[index] ?? "";

function route(method: string, pattern: RegExp, answer: FakeRoute["answer"]): FakeRoute {
  return { method, pattern, answer };
}

/** The routes of docs/design/http.md that runners and their clients use. */
export const ROUTES: readonly FakeRoute[] = [
  route("GET", under("/health"), () => ({ status: "ok", version: "test" })),
  ...typeRoutes(),
  ...runnerRoutes(),
  ...resourceRoutes(),
  ...claimRoutes(),
  ...entityRoutes(),
];

function typeRoutes(): FakeRoute[] {
  const one = under("/entity-types/([^/]+)");
  const required = ({ state, params: [name = ""] }: Asked) => {
    const type = state.types.get(name);
    if (!type) throw new SkeinError("not_found", `No entity type ${name} is registered.`);
    return type;
  };
  return [
    route("GET", under("/entity-types"), ({ state }) => ({ entityTypes: [...state.types.values()] })),
    route("POST", under("/entity-types"), async (asked) => {
      const registration = await asked.json(entityTypeRegistration);
      checkRegistration(registration);
      return Response.json(registerType(asked.state, registration), { status: 201 });
    }),
    route("GET", one, required),
    route("PATCH", one, async (asked) => amendType(asked.state, at(asked), await asked.json(entityTypeAmendment))),
    route("DELETE", one, (asked) => {
      asked.state.types.delete(required(asked).name);
      return none();
    }),
  ];
}

function runnerRoutes(): FakeRoute[] {
  const one = under("/runners/([^/]+)");
  return [
    route("GET", under("/runners"), ({ state }) => ({
      runners: [...state.runners.values()].map((runner) => shownRunner(state, runner)),
    })),
    route("GET", one, (asked) => shownRunner(asked.state, requireRunner(asked.state, at(asked)))),
    route("PUT", one, async (asked) => {
      if (!ENTITY_ID.test(at(asked))) throw new SkeinError("invalid_request", "This is not a runner's id.");
      return registerRunner(asked.state, at(asked), await asked.json(runnerRegistration));
    }),
    route("DELETE", one, (asked) => {
      unregisterRunner(asked.state, at(asked));
      return none();
    }),
    route("POST", under("/runners/([^/]+)/poll"), async (asked) => {
      const body = await asked.json(pollRequest);
      return (await poll(asked.state, at(asked), body, asked.request.signal)) ?? none();
    }),
    route("POST", under("/runners/([^/]+)/calls"), async (asked) => ({
      result: await callRunner(asked.state, at(asked), await asked.json(callRequest)),
    })),
    route("POST", under("/runners/([^/]+)/calls/([^/]+)"), async (asked) => {
      answerCall(asked.state, at(asked), at(asked, 1), await asked.json(callResult));
      return none();
    }),
  ];
}

function resourceRoutes(): FakeRoute[] {
  const pattern = under("/shared-state/.+");
  return [
    route("GET", under("/directory"), ({ state, request, path }) =>
      answerRead(makeStream(state, path), request, state.clock),
    ),
    ...["GET", "HEAD", "PUT", "POST"].map((method) => route(method, pattern, answerResource)),
  ];
}

function claimRoutes(): FakeRoute[] {
  return [
    route("POST", entityPath("/claim/heartbeat"), async (asked) =>
      heartbeat(asked.state, at(asked), await asked.json(heartbeatRequest)),
    ),
    route("POST", entityPath("/claim/commit"), async (asked) => {
      const body = await asked.json(claimCommit);
      return commitClaim(asked.state, at(asked), await admitAll(asked.state, body));
    }),
    route("POST", entityPath("/claim/live"), async (asked) => {
      appendLive(asked.state, at(asked), await asked.json(claimLive), asked.stamp.now);
      return none();
    }),
    route("PUT", entityPath("/claim/blob"), async (asked) => {
      await putBlob(asked.state, at(asked), asked.request);
      return none();
    }),
  ];
}

function entityRoutes(): FakeRoute[] {
  const one = entityPath("");
  const tag = entityPath("/tags/([^/]+)");
  return [
    route("GET", under("/entities"), ({ state, request }) => listEntities(state, parseFilter(request))),
    route("PUT", one, async (asked) => {
      const { state, stamp } = asked;
      const [, type = "", id = ""] = at(asked).split("/");
      const { wake, ...body } = await asked.json(spawnRequest);
      const order = { ...body, type, id, wake };
      const admitted = await admitSpawn(state, order);
      if (admitted instanceof SkeinError) throw admitted;
      const { entity, created } = spawn(state, admitted, stamp);
      return Response.json(shownEntity(entity), { status: created ? 201 : 200 });
    }),
    route("GET", one, ({ state, params: [url = ""] }) => placedEntity(state, requireEntity(state, url))),
    route("PATCH", one, async (asked) => {
      const { dispatch } = await asked.json(entityAmendment);
      return shownEntity(changeDispatch(asked.state, at(asked), dispatch, asked.stamp));
    }),
    route("DELETE", one, (asked) => shownEntity(kill(asked.state, at(asked), undefined, asked.stamp))),
    route("POST", entityPath("/send"), async (asked) =>
      send(asked.state, at(asked), await asked.json(message), asked.stamp),
    ),
    route("PATCH", entityPath("/inbox/([^/]+)"), async (asked) => {
      const edit = await asked.json(inboxEdit);
      const target = { url: at(asked), key: at(asked, 1) };
      return changeMessage(asked.state, target, { kind: "edit", edit }, asked.stamp);
    }),
    route("DELETE", entityPath("/inbox/([^/]+)"), (asked) => {
      changeMessage(asked.state, { url: at(asked), key: at(asked, 1) }, { kind: "remove" }, asked.stamp);
      return none();
    }),
    route("POST", entityPath("/signal"), async (asked) =>
      shownEntity(signal(asked.state, at(asked), await asked.json(signalRequest), asked.stamp)),
    ),
    route("POST", tag, async (asked) => {
      const { value } = await asked.json(z.strictObject({ value: z.string() }));
      const set = tags.safeParse({ [at(asked, 1)]: value });
      if (!set.success) throw new SkeinError("invalid_request", "The tag is not understood.");
      return shownEntity(changeTags(asked.state, at(asked), { set: set.data }, asked.stamp));
    }),
    route("DELETE", tag, (asked) =>
      shownEntity(changeTags(asked.state, at(asked), { remove: [at(asked, 1)] }, asked.stamp)),
    ),
    route("GET", entityPath("/main"), (asked) => answerMain(asked.state, at(asked), asked.request)),
    route("HEAD", entityPath("/main"), (asked) => answerMain(asked.state, at(asked), asked.request)),
  ];
}

/** With who may work on it, and who does. */
function placedEntity(state: FakeState, entity: FakeEntity): unknown {
  const shown = shownEntity(entity);
  if (!entity.wake) return shown;
  const online = [...state.runners.values()].some((one) => isOnline(state, one) && mayTake(state, one, entity.entity));
  const { claim } = entity.wake;
  return { ...shown, placement: { online, ...(claim && { runner: claim.holder }) } };
}

const filter = z.strictObject({
  type: z.string().optional(),
  status: entityStatus.optional(),
  parent: z.string().optional(),
  tag: z
    .string()
    .regex(/^[^=]+=/, "is not name=value")
    .optional(),
  after: z.string().optional(),
  limit: z.coerce.number().int().min(1).max(1000).default(100),
});

function parseFilter({ url }: Request): Parameters<typeof listEntities>[1] {
  const parsed = filter.safeParse(Object.fromEntries(new URL(url).searchParams));
  if (!parsed.success) throw new SkeinError("invalid_request", `The query is not understood: ${parsed.error.message}`);
  return parsed.data;
}
