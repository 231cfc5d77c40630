export type { GroupReport, StoreEvent } from "../core/observe.ts";
export { describeAddress } from "./describe.ts";
export { createPostgresStore, type PostgresStoreOptions } from "./store.ts";
