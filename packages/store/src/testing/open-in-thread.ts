import { withMessages } from "../core/runs.ts";
import { loadSqlite } from "../sqlite/driver.ts";
import { storeFiles } from "../sqlite/files.ts";
import { openWriter } from "../sqlite/open-writer.ts";
import { Reader } from "../sqlite/reader.ts";
import { configure } from "../sqlite/schema.ts";
import { type CheckedStore, crashCollections } from "./crash-rules.ts";

/** Opens a store as a start does (lock, recovery, tables) and reads it, without a thread for every one. */
export async function openInThread(folder: string): Promise<CheckedStore & { close(): void }> {
  const open = await loadSqlite();
  const opened = openWriter({ folder, collections: crashCollections }, open);
  const database = open(storeFiles(folder).database);
  configure(database, "reader");
  const reader = new Reader(database);
  return {
    readStream: async (path, range) => withMessages(reader.read(path, range, 0)),
    getProducer: async (path, id) => {
      const row = reader.row(path, 0);
      return row && reader.producer(row.id, id);
    },
    queryRecords: async (query) => reader.query(query),
    close: () => {
      reader.close();
      opened.close();
    },
  };
}
