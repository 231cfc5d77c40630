import {
  ENTITY_ID,
  ENTITY_TYPE,
  entityAmendment,
  entityTypeAmendment,
  entityTypeRegistration,
  inboxEdit,
  entityUrl,
  mainStream,
  message,
  PREFIX,
  signalRequest,
  SkeinError,
  spawnRequest,
  tags,
} from "@skein/protocol";
import { z } from "zod";
import type { ServerContext } from "../context.ts";
import { parseRequest, readJson } from "../http/body.ts";
import { json, noContent } from "../http/errors.ts";
import { param, type Route, type RouteRequest } from "../http/router.ts";
import { changeDispatch, changeTags, getEntity, kill, signal } from "./change.ts";
import { changeMessage } from "./change-message.ts";
import { badEntityUrl } from "./entity.ts";
import { entityFilter, listEntities, parseQuery } from "./list.ts";
import { send } from "./send.ts";
import { spawn } from "./spawn.ts";
import { amendEntityType, deleteEntityType, getEntityType, listEntityTypes, registerEntityType } from "./types.ts";

const tagBody = z.strictObject({ value: z.string().max(4096) });

/** The address in the path of an entity's route. */
export function entityParam(route: RouteRequest): { readonly url: string; readonly type: string; readonly id: string } {
  const type = param(route, "type");
  const id = param(route, "id");
  // Names that begin so are the server's own: this is a route that does not exist, and not a badly named entity.
  if (type.startsWith("_")) throw new SkeinError("not_found", `There is nothing at ${route.path}.`);
  if (!ENTITY_TYPE.test(type) || !ENTITY_ID.test(id)) throw badEntityUrl();
  return { url: entityUrl(type, id), type, id };
}

export function entityRoutes(context: ServerContext): Route[] {
  return [...typeRoutes(context), ...directoryRoutes(context), ...actorRoutes(context)];
}

function typeRoutes(context: ServerContext): Route[] {
  const base = `${PREFIX}/entity-types`;
  return [
    { method: "GET", pattern: base, handle: async () => json({ entityTypes: await listEntityTypes(context) }) },
    {
      method: "POST",
      pattern: base,
      handle: async ({ request }) =>
        json(await registerEntityType(context, await readJson(request, entityTypeRegistration)), { status: 201 }),
    },
    {
      method: "GET",
      pattern: `${base}/:name`,
      handle: async (route) => json(await getEntityType(context, param(route, "name"))),
    },
    {
      method: "PATCH",
      pattern: `${base}/:name`,
      handle: async (route) =>
        json(await amendEntityType(context, param(route, "name"), await readJson(route.request, entityTypeAmendment))),
    },
    {
      method: "DELETE",
      pattern: `${base}/:name`,
      handle: async (route) => {
        await deleteEntityType(context, param(route, "name"));
        return noContent();
      },
    },
  ];
}

function directoryRoutes(context: ServerContext): Route[] {
  return [
    {
      method: "GET",
      pattern: `${PREFIX}/entities`,
      handle: async ({ url }) => json(await listEntities(context, parseQuery(entityFilter, url.searchParams))),
    },
    {
      method: "GET",
      pattern: `${PREFIX}/directory`,
      handle: ({ request, path }) => context.streams.handle(request, path, { allow: ["read"] }),
    },
  ];
}

function actorRoutes(context: ServerContext): Route[] {
  return [
    { method: "PUT", pattern: "/:type/:id", handle: (route) => handleSpawn(context, route) },
    {
      method: "GET",
      pattern: "/:type/:id",
      handle: async (route) => json(await getEntity(context, entityParam(route).url)),
    },
    {
      method: "PATCH",
      pattern: "/:type/:id",
      handle: async (route) => {
        const { url } = entityParam(route);
        const { dispatch } = await readJson(route.request, entityAmendment);
        return json(await changeDispatch(context, url, dispatch, route.principal));
      },
    },
    {
      method: "DELETE",
      pattern: "/:type/:id",
      handle: async (route) => json(await kill(context, entityParam(route).url, {}, route.principal)),
    },
    {
      method: "POST",
      pattern: "/:type/:id/send",
      handle: async (route) => {
        const to = entityParam(route).url;
        // Larger than any message may be, so that the message's own limit is what is told.
        const body = await readJson(route.request, message);
        return json(await send(context, { to, message: body }, route.principal));
      },
    },
    {
      method: "PATCH",
      pattern: "/:type/:id/inbox/:key",
      handle: async (route) => {
        const { url } = entityParam(route);
        const order = { kind: "edit", edit: await readJson(route.request, inboxEdit) } as const;
        return json(await changeMessage(context, { url, key: param(route, "key"), order }, route.principal));
      },
    },
    {
      method: "DELETE",
      pattern: "/:type/:id/inbox/:key",
      handle: async (route) => {
        const { url } = entityParam(route);
        await changeMessage(context, { url, key: param(route, "key"), order: { kind: "remove" } }, route.principal);
        return noContent();
      },
    },
    {
      method: "POST",
      pattern: "/:type/:id/signal",
      handle: async (route) => {
        const { url } = entityParam(route);
        return json(await signal(context, url, await readJson(route.request, signalRequest), route.principal));
      },
    },
    {
      method: "POST",
      pattern: "/:type/:id/tags/:key",
      handle: async (route) => {
        const { url } = entityParam(route);
        const { value } = await readJson(route.request, tagBody);
        const set = parseRequest(tags, { [param(route, "key")]: value }, "tag");
        return json(await changeTags(context, url, { set }, route.principal));
      },
    },
    {
      method: "DELETE",
      pattern: "/:type/:id/tags/:key",
      handle: async (route) => {
        const { url } = entityParam(route);
        return json(await changeTags(context, url, { remove: [param(route, "key")] }, route.principal));
      },
    },
    { method: "GET", pattern: "/:type/:id/main", handle: (route) => readMain(context, route) },
    { method: "HEAD", pattern: "/:type/:id/main", handle: (route) => readMain(context, route) },
  ];
}

async function handleSpawn(context: ServerContext, route: RouteRequest): Promise<Response> {
  const { type, id } = entityParam(route);
  const body = await readJson(route.request, spawnRequest);
  const order = {
    type,
    id,
    ...(body.args !== undefined && { args: body.args }),
    ...(body.tags && { tags: body.tags }),
    ...(body.parent !== undefined && { parent: body.parent }),
    ...(body.initialMessage && { initialMessage: body.initialMessage }),
    ...(body.wake && { wake: body.wake }),
    ...(body.dispatch && { dispatch: body.dispatch }),
  };
  const { entity, created } = await spawn(context, order, route.principal);
  return json(entity, { status: created ? 201 : 200 });
}

function readMain(context: ServerContext, route: RouteRequest): Promise<Response> {
  return context.streams.handle(route.request, mainStream(entityParam(route).url), { allow: ["read"] });
}
