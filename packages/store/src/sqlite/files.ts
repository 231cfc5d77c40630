import { join } from "node:path";

/** The files of a store's folder. */
export function storeFiles(folder: string): { database: string; lock: string; owner: string; moved: string } {
  return {
    database: join(folder, "skein.db"),
    lock: join(folder, "skein.lock"),
    owner: join(folder, "skein.pid"),
    /** There when the content goes on elsewhere. */
    moved: join(folder, "skein.moved"),
  };
}
