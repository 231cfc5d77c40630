import { join } from "node:path";
import type { Store } from "@skein/store";
import type { StoreEvent } from "@skein/store/sqlite";
import { SERVER_COLLECTIONS } from "../records/collections.ts";

/** The home's own store, or the one on a PostgreSQL. Each is loaded only when it is the one. */
export async function openStore(
  where: { readonly home: string; readonly database?: string },
  observe: (event: StoreEvent) => void,
): Promise<Store> {
  const options = { collections: SERVER_COLLECTIONS, observe };
  if (where.database !== undefined) {
    const { createPostgresStore } = await import("@skein/store/postgres");
    return createPostgresStore({ ...options, url: where.database });
  }
  const { createSqliteStore } = await import("@skein/store/sqlite");
  return createSqliteStore({ ...options, path: join(where.home, "data") });
}
