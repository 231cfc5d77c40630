export { createTokenAuth, type Auth, type TokenAuthOptions } from "./auth/token.ts";
export type { GuardOptions } from "./auth/guard.ts";
export type { LogEvent } from "./context.ts";
export { createStaticFiles, type StaticFiles } from "./http/static.ts";
export { createMetrics, type Metrics } from "./metrics/prometheus.ts";
export type { ServerState } from "./metrics/state.ts";
export type { Observe, ServerEvent } from "./observe.ts";
export { SERVER_COLLECTIONS } from "./records/collections.ts";
export { createServer, type Server, type ServerDeps } from "./server.ts";
