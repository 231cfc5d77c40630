import { forkRequest } from "@skein/protocol";
import type { ServerContext } from "../context.ts";
import { entityParam } from "../entities/routes.ts";
import { readJson } from "../http/body.ts";
import { json } from "../http/errors.ts";
import type { Route } from "../http/router.ts";
import { fork } from "./fork.ts";

export function forkRoutes(context: ServerContext): Route[] {
  return [
    {
      method: "POST",
      pattern: "/:type/:id/fork",
      handle: async (route) => {
        const { url } = entityParam(route);
        const body = await readJson(route.request, forkRequest);
        const { entity, created } = await fork(context, url, body, route.principal);
        return json(entity, { status: created ? 201 : 200 });
      },
    },
  ];
}
