import {
  callRequest,
  callResult,
  ENTITY_ID,
  pollRequest,
  PREFIX,
  runnerRegistration,
  SkeinError,
} from "@skein/protocol";
import type { ServerContext } from "../context.ts";
import { MAX_ANSWER_BODY, MAX_COMMIT_BODY, readJson } from "../http/body.ts";
import { json, noContent } from "../http/errors.ts";
import { param, type Route, type RouteRequest } from "../http/router.ts";
import { answerCall, callRunner } from "./calls.ts";
import { poll } from "./poll.ts";
import { getRunner, listRunners, registerRunner, toRunnerInfo, unregisterRunner } from "./runner.ts";

function runnerParam(route: RouteRequest): string {
  const id = param(route, "runner");
  if (!ENTITY_ID.test(id))
    throw new SkeinError("invalid_request", "A runner's id has letters, digits and . _ ~ - only.");
  return id;
}

export function runnerRoutes(context: ServerContext): Route[] {
  const one = `${PREFIX}/runners/:runner`;
  return [
    { method: "GET", pattern: `${PREFIX}/runners`, handle: async () => json({ runners: await listRunners(context) }) },
    {
      method: "GET",
      pattern: one,
      handle: async (route) => {
        const record = await getRunner(context, runnerParam(route));
        return json(toRunnerInfo(record, context.store.now(), context.runnerTimeoutMs));
      },
    },
    {
      method: "PUT",
      pattern: one,
      handle: async (route) => {
        const { types, machine, labels } = await readJson(route.request, runnerRegistration, MAX_COMMIT_BODY);
        const registration = { types, ...(machine !== undefined && { machine }), ...(labels && { labels }) };
        return json(await registerRunner(context, runnerParam(route), registration));
      },
    },
    {
      method: "DELETE",
      pattern: one,
      handle: async (route) => {
        await unregisterRunner(context, runnerParam(route));
        return noContent();
      },
    },
    {
      method: "POST",
      pattern: `${one}/poll`,
      handle: async (route) => {
        const body = await readJson(route.request, pollRequest);
        const work = await poll(context, runnerParam(route), body, route.request.signal);
        return work ? json(work) : noContent();
      },
    },
    {
      method: "POST",
      pattern: `${one}/calls`,
      handle: async (route) => {
        const { method, params, timeoutMs } = await readJson(route.request, callRequest);
        return json({ result: await callRunner(context, runnerParam(route), { method, params, timeoutMs }) });
      },
    },
    {
      method: "POST",
      pattern: `${one}/calls/:call`,
      handle: async (route) => {
        const result = await readJson(route.request, callResult, MAX_ANSWER_BODY);
        await answerCall(context, runnerParam(route), { callId: param(route, "call"), result });
        return noContent();
      },
    },
  ];
}
