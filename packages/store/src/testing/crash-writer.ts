/**
 * A process to be killed: writes to a store without pause and says on its output what was acknowledged.
 * Arguments: folder, number of writers. Every commit appends to two streams and counts in a record.
 */
import { writeSync } from "node:fs";
import { createSqliteStore } from "../sqlite/store.ts";
import { crashCollections } from "./crash-rules.ts";
import { writeWithoutPause } from "./write-without-pause.ts";

const [folder = "", writers = "1"] = process.argv.slice(2);
const store = await createSqliteStore({ path: folder, collections: crashCollections });
writeSync(1, "open\n");
const say = (writer: number, seq: number) => void writeSync(1, `${writer} ${seq}\n`);
await Promise.all(Array.from({ length: Number(writers) }, (_, writer) => writeWithoutPause(store, writer, say)));
