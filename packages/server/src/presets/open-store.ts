import { join } from "node:path";
import type { Store } from "@skein/store";
import { SERVER_COLLECTIONS } from "../records/collections.ts";

/** The home's own store, or the one on a PostgreSQL. Each is loaded only when it is the one. */
export async function openStore(where: { readonly home: string; readonly database?: string }): Promise<Store> {
  if (where.database !== undefined) {
    const { createPostgresStore } = await import("@skein/store/postgres");
    return createPostgresStore({ url: where.database, collections: SERVER_COLLECTIONS });
  }
  const { createSqliteStore } = await import("@skein/store/sqlite");
  return createSqliteStore({ path: join(where.home, "data"), collections: SERVER_COLLECTIONS });
}
