/**
 * A server's process to be killed: as `crash-writer.ts`, on PostgreSQL. Arguments: URL, first writer, how many.
 */
import { createPostgresStore } from "../postgres/store.ts";
import { crashCollections } from "./crash-rules.ts";
import { sayLine } from "./say-line.ts";
import { writeWithoutPause } from "./write-without-pause.ts";

const [url = "", first = "0", writers = "1"] = process.argv.slice(2);
const store = await createPostgresStore({ url, collections: crashCollections, maintenanceMs: 20 });
sayLine("open");
const say = (writer: number, seq: number) => sayLine(`${writer} ${seq}`);
await Promise.all(
  Array.from({ length: Number(writers) }, (_, index) => writeWithoutPause(store, Number(first) + index, say)),
);
