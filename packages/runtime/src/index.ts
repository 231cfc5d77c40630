export type {
  BlobContent,
  Child,
  Collection,
  CollectionDefinition,
  Collections,
  EntityDefinition,
  HandlerContext,
  InputEvent,
  Load,
  LoadOption,
  ReadonlyCollection,
  RowOf,
  RunHandle,
  SharedState,
  SpawnOptions,
  StateSchema,
  Wake,
  WakeOf,
} from "./context.ts";
export type { Observation, ObservedEntity, ObservedSchedule, ObservedSet, ObserveOptions } from "./observation.ts";
export { createRegistry, defineEntity, type RegisteredType, type Registry } from "./registry.ts";
export type { CallHandler, CallHandlers } from "./runner/calls.ts";
export type { Log } from "./runner/log.ts";
export { createRunner, type Runner, type RunnerOptions } from "./runner/runner.ts";
export type { HandlerWork, RunnerTrace } from "./runner/trace.ts";
export {
  cron,
  db,
  entities,
  entity,
  type CronSource,
  type DbSource,
  type EntitiesSource,
  type EntitySource,
  type WakeOn,
} from "./sources.ts";
export { subscribeWebhook, type WebhookSubscription } from "./webhook/subscribe-webhook.ts";
export { createWebhookHandler, type WebhookHandler, type WebhookHandlerOptions } from "./webhook/webhook-handler.ts";
