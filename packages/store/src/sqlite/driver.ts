/**
 * SQLite as Node has it: the built-in module where it is (22.13 and later), otherwise the drop-in with prebuilt
 * binaries. Only what we use of it is declared here.
 */
export type SqlValue = null | number | bigint | string | Uint8Array;
export type SqlRow = Readonly<Record<string, SqlValue>>;

export interface Statement {
  run(...parameters: SqlValue[]): { changes: number | bigint };
  get(...parameters: SqlValue[]): SqlRow | undefined;
  all(...parameters: SqlValue[]): SqlRow[];
  iterate(...parameters: SqlValue[]): IterableIterator<SqlRow>;
}

export interface Database {
  exec(sql: string): void;
  prepare(sql: string): Statement;
  close(): void;
}

interface SqliteModule {
  readonly DatabaseSync: new (path: string) => Database;
}

export type OpenDatabase = (file: string) => Database;

export async function loadSqlite(): Promise<OpenDatabase> {
  const builtIn: unknown = hasBuiltIn(process.versions.node) ? process.getBuiltinModule("node:sqlite") : undefined;
  const { DatabaseSync } = isSqliteModule(builtIn) ? builtIn : await dropIn();
  return (file) => new DatabaseSync(file);
}

/**
 * A connection of it that was closed keeps the file open until its statements are collected (1.2.1 cannot finalise
 * them), and is the last to close then: whoever opens the file meanwhile must be ready to wait.
 */
async function dropIn(): Promise<SqliteModule> {
  const module: unknown = await import("@photostructure/sqlite");
  if (!isSqliteModule(module)) throw new Error("@photostructure/sqlite has no DatabaseSync");
  return module;
}

/** Earlier 22.x have the module behind a flag. */
function hasBuiltIn(version: string): boolean {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return major > 22 || (major === 22 && minor >= 13);
}

function isSqliteModule(module: unknown): module is SqliteModule {
  return (
    typeof module === "object" &&
    module !== null &&
    "DatabaseSync" in module &&
    typeof module.DatabaseSync === "function"
  );
}

/** A column that holds a whole number. */
export function integer(value: SqlValue | undefined): number {
  if (typeof value === "number") return value;
  throw new TypeError(`Not an integer: ${String(value)}`);
}

export function integerOrNone(value: SqlValue | undefined): number | undefined {
  return value === null ? undefined : integer(value);
}

export function text(value: SqlValue | undefined): string {
  if (typeof value === "string") return value;
  throw new TypeError(`Not a text: ${typeof value}`);
}

export function textOrNone(value: SqlValue | undefined): string | undefined {
  return value === null ? undefined : text(value);
}

export function bytes(value: SqlValue | undefined): Uint8Array {
  if (value instanceof Uint8Array) return value;
  throw new TypeError(`Not a blob: ${typeof value}`);
}
