/** A process that opens the store of a folder and holds it until it is ended, or says why it cannot. */
import { writeSync } from "node:fs";
import { createSqliteStore } from "../sqlite/store.ts";

const [folder = ""] = process.argv.slice(2);
try {
  await createSqliteStore({ path: folder, collections: {} });
  writeSync(1, "open\n");
} catch (error) {
  const code = error instanceof Error && "code" in error ? String(error.code) : "none";
  writeSync(1, `${code} ${error instanceof Error ? error.message : String(error)}\n`);
}
