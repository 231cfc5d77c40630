/** A process that has a database for itself alone, as one has that closes last or checks it, until it is told to end. */
import { writeSync } from "node:fs";
import { loadSqlite } from "../sqlite/driver.ts";

const [file = ""] = process.argv.slice(2);
const database = (await loadSqlite())(file);
database.exec("PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; CREATE TABLE held(x);");
const held = setInterval(() => undefined, 60_000);
process.once("SIGTERM", () => {
  database.close();
  clearInterval(held);
});
writeSync(1, "held\n");
