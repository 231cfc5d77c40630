/**
 * A process to be killed: writes to one or several stores without pause and says on its output what was acknowledged.
 * Arguments: number of writers of each store, folders. Every commit appends to two streams and counts in a record.
 */
import { createSqliteStore } from "../sqlite/store.ts";
import { crashCollections } from "./crash-rules.ts";
import { SMALL_JOURNAL } from "./small-journal.ts";
import { sayLine } from "./say-line.ts";
import { writeWithoutPause } from "./write-without-pause.ts";

const [writers = "1", ...folders] = process.argv.slice(2);
const stores = await Promise.all(
  folders.map((path) => createSqliteStore({ path, collections: crashCollections, journal: SMALL_JOURNAL })),
);
sayLine("open");
await Promise.all(
  stores.flatMap((store, index) => {
    const say = (writer: number, seq: number) => sayLine(`${writer} ${seq} ${index}`);
    return Array.from({ length: Number(writers) }, (_, writer) => writeWithoutPause(store, writer, say));
  }),
);
