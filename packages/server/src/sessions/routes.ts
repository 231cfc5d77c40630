import { PREFIX } from "@skein/protocol";
import type { ServerContext } from "../context.ts";
import { parseQuery } from "../entities/list.ts";
import { readJson } from "../http/body.ts";
import { json, noContent } from "../http/errors.ts";
import { param, type Route } from "../http/router.ts";
import { deleteSession } from "./delete.ts";
import { getSession, listSessions, sessionQuery } from "./list.ts";
import { renameSession, renaming } from "./rename.ts";

export function sessionRoutes(context: ServerContext): Route[] {
  return [
    {
      method: "GET",
      pattern: `${PREFIX}/sessions`,
      handle: async ({ url }) => json(await listSessions(context, parseQuery(sessionQuery, url.searchParams))),
    },
    {
      method: "GET",
      pattern: `${PREFIX}/sessions/:session`,
      handle: async (route) => json(await getSession(context, param(route, "session"))),
    },
    {
      method: "PUT",
      pattern: `${PREFIX}/sessions/:session/title`,
      handle: async (route) => {
        const body = await readJson(route.request, renaming);
        return json(await renameSession(context, param(route, "session"), body, route.principal));
      },
    },
    {
      method: "DELETE",
      pattern: `${PREFIX}/sessions/:session`,
      handle: async (route) => {
        await deleteSession(context, param(route, "session"), route.principal);
        return noContent();
      },
    },
  ];
}
