export type { GroupReport, StoreEvent } from "../core/observe.ts";
export { createPostgresStore, type PostgresStoreOptions } from "./store.ts";
