export type { GroupReport, StoreEvent } from "./observe.ts";
export { createSqliteStore, type SqliteStoreOptions } from "./store.ts";
