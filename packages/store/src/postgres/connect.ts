import { Client, Pool, TypeOverrides } from "pg";
import { SkeinError } from "@skein/protocol";

/** What a connection needs. Given as a URL (`postgres://…`); everything else of it is the driver's. */
export interface PostgresAddress {
  readonly url: string;
  /** Connections for reads, beside one that writes and one that listens. */
  readonly readers?: number;
}

const INT8 = 20;

/** 64-bit columns as numbers: all that we keep in them (ids, positions, times) is below 2^53, or it is an error. */
const types = new TypeOverrides();
types.setTypeParser(INT8, readInteger);

function readInteger(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new RangeError(`${text} does not fit a safe integer`);
  return value;
}

export function createPool({ url, readers = 8 }: PostgresAddress): Pool {
  const pool = new Pool({
    connectionString: url,
    max: readers,
    types,
    connectionTimeoutMillis: 10_000,
    idleTimeoutMillis: 30_000,
    application_name: "skein",
  });
  // An idle connection that ends is replaced when it is needed; without a listener it would end the process.
  pool.on("error", () => undefined);
  return pool;
}

export function createConnection({ url }: PostgresAddress): Client {
  return new Client({
    connectionString: url,
    types,
    connectionTimeoutMillis: 10_000,
    keepAlive: true,
    application_name: "skein",
  });
}

/** Failures of the connection, as opposed to the database's answer: the request may be made again elsewhere. */
export function isConnectionFailure(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code = "code" in error && typeof error.code === "string" ? error.code : "";
  if (/^(08|57P0|E[A-Z]+$)/.test(code)) return true;
  return /terminated|closed|timeout|not queryable|ECONN/i.test(error.message);
}

/** Two transactions in each other's way: the one that is told so runs again. */
export function isContention(error: unknown): boolean {
  return error instanceof Error && "code" in error && (error.code === "40001" || error.code === "40P01");
}

export function unavailable(cause: unknown): SkeinError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new SkeinError("unavailable", `The database cannot be reached or does not take writes: ${why}`, { cause });
}
