/**
 * A server's process to be killed: as `crash-writer.ts`, on PostgreSQL. Arguments: URL, first writer, how many.
 */
import { writeSync } from "node:fs";
import { createPostgresStore } from "../postgres/store.ts";
import { crashCollections } from "./crash-rules.ts";
import { writeWithoutPause } from "./write-without-pause.ts";

const [url = "", first = "0", writers = "1"] = process.argv.slice(2);
const store = await createPostgresStore({ url, collections: crashCollections, maintenanceMs: 20 });
writeSync(1, "open\n");
const say = (writer: number, seq: number) => void writeSync(1, `${writer} ${seq}\n`);
await Promise.all(
  Array.from({ length: Number(writers) }, (_, index) => writeWithoutPause(store, Number(first) + index, say)),
);
