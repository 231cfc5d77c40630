export type { GroupReport, StoreEvent } from "../core/observe.ts";
export { createSqliteStore, type SqliteStoreOptions } from "./store.ts";
