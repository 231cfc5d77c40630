import type { ServerContext } from "../context.ts";
import type { Route } from "../http/router.ts";
import type { Metrics } from "./prometheus.ts";
import { readServerState } from "./state.ts";

/** `GET /metrics`, with the token as everything else: it tells how much goes on here. */
export function metricsRoutes(context: ServerContext, metrics: Pick<Metrics, "render"> | undefined): Route[] {
  if (!metrics) return [];
  return [
    {
      method: "GET",
      pattern: "/metrics",
      handle: async () => {
        const { contentType, text } = await metrics.render(
          await readServerState(context.store, context.runnerTimeoutMs),
        );
        return new Response(text, { headers: { "content-type": contentType, "cache-control": "no-store" } });
      },
    },
  ];
}
