import { claimCommit, claimLive, heartbeatRequest } from "@skein/protocol";
import { hashSecret } from "../auth/secrets.ts";
import type { ServerContext } from "../context.ts";
import { entityParam } from "../entities/routes.ts";
import { MAX_COMMIT_BODY, readJson } from "../http/body.ts";
import { json, noContent } from "../http/errors.ts";
import type { Route } from "../http/router.ts";
import { putCheckpoint, readCheckpoint } from "./checkpoint.ts";
import { heartbeat } from "./claim.ts";
import { putBlob } from "./put-blob.ts";
import { commitClaim } from "./commit.ts";
import { appendLive } from "./live.ts";

/** What a runner does under its claim. The claim's id is the secret that allows it, besides the token. */
export function claimRoutes(context: ServerContext): Route[] {
  const base = "/:type/:id/claim";
  return [
    {
      method: "POST",
      pattern: `${base}/heartbeat`,
      handle: async (route) => {
        const { claimId, generation } = await readJson(route.request, heartbeatRequest);
        return json(await heartbeat(context, entityParam(route).url, { hash: hashSecret(claimId), generation }));
      },
    },
    {
      method: "POST",
      pattern: `${base}/commit`,
      handle: async (route) => {
        const body = await readJson(route.request, claimCommit, MAX_COMMIT_BODY);
        return json(await commitClaim(context, entityParam(route).url, body));
      },
    },
    {
      method: "PUT",
      pattern: `${base}/blob`,
      handle: async (route) => {
        await putBlob(context, entityParam(route).url, route.request);
        return noContent();
      },
    },
    {
      method: "PUT",
      pattern: `${base}/checkpoint`,
      handle: async (route) => {
        await putCheckpoint(context, entityParam(route).url, route.request);
        return noContent();
      },
    },
    {
      method: "GET",
      pattern: `${base}/checkpoint`,
      handle: (route) => readCheckpoint(context, entityParam(route).url, route.request),
    },
    {
      method: "POST",
      pattern: `${base}/live`,
      handle: async (route) => {
        await appendLive(context, entityParam(route).url, await readJson(route.request, claimLive));
        return noContent();
      },
    },
  ];
}
