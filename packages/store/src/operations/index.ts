export { backupStore, type Backup, restoreStore } from "./backup.ts";
export { checkSqliteStore, type StoreCheck } from "./check.ts";
export { checkPostgresStore } from "./check-postgres.ts";
export type { ContentDigest } from "./digest.ts";
export { moveToPostgres, type Moved, type MoveOptions } from "./move.ts";
