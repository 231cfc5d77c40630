export type {
  BlobContent,
  Child,
  Collection,
  CollectionDefinition,
  Collections,
  DbSource,
  EntityDefinition,
  HandlerContext,
  Load,
  LoadOption,
  ReadonlyCollection,
  RowOf,
  RunHandle,
  SharedState,
  SpawnOptions,
  StateSchema,
  Wake,
} from "./context.ts";
export { db } from "./db.ts";
export { createRegistry, defineEntity, type RegisteredType, type Registry } from "./registry.ts";
export type { CallHandler, CallHandlers } from "./runner/calls.ts";
export type { Log } from "./runner/log.ts";
export { createRunner, type Runner, type RunnerOptions } from "./runner/runner.ts";
export type { HandlerWork, RunnerTrace } from "./runner/trace.ts";
