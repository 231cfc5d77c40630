import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { SqliteStoreOptions } from "../sqlite/store.ts";
import { createSqliteStore } from "../sqlite/store.ts";
import type { OpenedStore } from "./fixture.ts";

export async function temporaryFolder(): Promise<{ path: string; remove(): Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), "skein-store-"));
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}

/** A SQLite store in a folder of its own that is removed with it. */
export async function openTemporaryStore(options: Omit<SqliteStoreOptions, "path">): Promise<OpenedStore> {
  const folder = await temporaryFolder();
  let store = await createSqliteStore({ ...options, path: folder.path });
  return {
    store,
    async reopen() {
      await store.close();
      store = await createSqliteStore({ ...options, path: folder.path });
      return store;
    },
    async dispose() {
      await store.close();
      await folder.remove();
    },
  };
}
