/**
 * A process whose writes and syncs are recorded: the store's own writer in one thread, so that the order of its calls
 * is the order in the record. Arguments: folder, groups of commits, `synchronous` (FULL is what a store has).
 */
import { writeSync } from "node:fs";
import { prepareOperations } from "../../core/operation.ts";
import { type Database, loadSqlite } from "../../sqlite/driver.ts";
import { openWriter } from "../../sqlite/open-writer.ts";
import { SMALL_JOURNAL } from "../small-journal.ts";
import { crashCollections, crashCommit } from "../crash-rules.ts";
import { WRITERS } from "./writers.ts";

const [folder = "", groups = "1", synchronous = "FULL"] = process.argv.slice(2);
const open = await loadSqlite();
const { writer } = openWriter({ folder, collections: crashCollections, journal: SMALL_JOURNAL }, (file) =>
  changed(open(file)),
);

/** Frequent checkpoints, so that they are met too, and for the control less syncing. */
function changed(database: Database): Database {
  return {
    exec: (sql) =>
      database.exec(
        sql
          .replace("synchronous = FULL", `synchronous = ${synchronous}`)
          .replace("wal_autocheckpoint = 2000", "wal_autocheckpoint = 60"),
      ),
    prepare: (sql) => database.prepare(sql),
    close: () => database.close(),
  };
}

for (let seq = 0; seq < Number(groups); seq++) {
  const commits = Array.from({ length: WRITERS }, (_, index) =>
    prepareOperations(crashCommit(index, seq), crashCollections),
  );
  const { outcomes } = writer.commitGroup([{ now: 0, bytes: 0, commits }]);
  for (const outcome of outcomes) if (outcome.kind !== "committed") throw new Error(JSON.stringify(outcome));
  writeSync(1, `ACK ${seq}\n`);
}
process.exit(0);
